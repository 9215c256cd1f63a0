-- HTML form POSTs for wrk: each request is the next path of the file given behind "--", from the
-- start again at its end. Prints one line of JSON; latencies in milliseconds.

local paths, at = {}, 0

function init(arguments)
	for line in io.lines(arguments[1]) do
		paths[#paths + 1] = line
	end
	wrk.method = "POST"
	wrk.body = "status=safe&comment=%E5%A4%A7%E4%B8%88%E5%A4%AB%E3%81%A7%E3%81%99"
	wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
end

function request()
	at = at % #paths + 1
	return wrk.format(nil, paths[at])
end

function done(summary, latency, requests)
	local wrong = summary.errors
	io.write(string.format(
		'{"requests": %d, "seconds": %.3f, "p50": %.3f, "p99": %.3f, "most": %.3f, "status": %d, "socket": %d}\n',
		summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
		latency:percentile(99) / 1e3, latency.max / 1e3, wrong.status,
		wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
