// BullMQ's rates for no-op jobs: node bullmq.js PORT COUNT. Prints one line of JSON, jobs a second.

const { Queue, Worker } = require("bullmq");

const [port, count] = process.argv.slice(2).map(Number);
const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
const options = { removeOnComplete: true };

async function main() {
	const queue = new Queue("peer", { connection });
	await queue.waitUntilReady();
	let began = process.hrtime.bigint();
	for (let done = 0; done < count; done += 1000) {
		const size = Math.min(1000, count - done);
		await queue.addBulk(Array.from({ length: size }, (_, i) => ({ name: "n", data: { i }, opts: options })));
	}
	const rate = () => count / (Number(process.hrtime.bigint() - began) / 1e9);
	const added = rate();

	let processed = 0;
	began = process.hrtime.bigint();
	await new Promise((resolve) => {
		const worker = new Worker("peer", async () => {}, { connection, concurrency: 100 });
		worker.on("completed", () => {
			if (++processed === count)
				resolve(worker);
		});
	}).then((worker) => {
		console.log(JSON.stringify({ added, processed: rate() }));
		return worker.close();
	});
	await queue.close();
}

main();
