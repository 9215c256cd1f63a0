"use strict";
/* The figures come as server-sent events, one JSON text each (dispatcher/reply/figures/live.h). Everything is put
 * in as text, never as markup. */

const english = (new URLSearchParams(location.search).get("lang") || navigator.language).startsWith("en");
const T = english ? {
	other: "日本語", lang: "ja", none: "No broadcast has been asked for yet.", lost: "No connection: these figures are old",
	now: "as of", of: "of", people: "people", answered: "answered", in_flight: "being tried", waiting: "waiting",
	exhausted: "tried to the end", cancelled: "called off", eta: "the end in about", rate: "attempts a second",
	over: "over", kinds: { safety: "Safety confirmation", notice: "Notice", drill: "Drill", family: "News for families" },
	states: { requested: "asked for", running: "running", paused: "held", finished: "finished", cancelled: "called off" },
	curve: "Answers over time", answers: "Answers", groups: "Who is missing, by group", group: "group", missing: "missing",
	who: "Who has not answered", names: "Names are for admins:", token: "admin token", show: "show",
	wrong: "That is not the token.", hide: "hide", more: "and more", refresh: "again",
	down: { mail: "Mail does not go out", voice: "Telephone calls do not go out", push: "Push notifications do not go out" },
	books: "The figures do not add up. Run: tenko verify", queue: "Queues", jobs: "jobs", oldest: "oldest",
	workers: "Workers", feeds: "Hazard feeds", noqueue: "The scheduler or Redis is down: what is sent is not known", nofeeds: "none is fetched",
	silent: "silent", ago: "ago", never: "never", channels: { mail: "mail", voice: "telephone", push: "push" },
	lanes: ["urgent", "routine"], processes: "Processes", asked: "asked", s: "s", min: "min", h: "h", d: "d",
} : {
	other: "English", lang: "en", none: "一斉通報はまだありません。", lost: "接続が切れています。数字は古いものです",
	now: "更新", of: "/", people: "人", answered: "回答済み", in_flight: "連絡中", waiting: "待機中",
	exhausted: "連絡終了・未回答", cancelled: "中止", eta: "全員への連絡が終わるまで約", rate: "件/秒",
	over: "終了", kinds: { safety: "安否確認", notice: "お知らせ", drill: "訓練", family: "家族への連絡" },
	states: { requested: "受付済み", running: "実行中", paused: "保留中", finished: "終了", cancelled: "中止" },
	curve: "回答の推移", answers: "回答の内訳", groups: "グループ別の未回答", group: "グループ", missing: "未回答",
	who: "未回答者", names: "氏名は管理者のみ見られます:", token: "管理者トークン", show: "表示",
	wrong: "トークンが違います。", hide: "閉じる", more: "ほか", refresh: "更新",
	down: { mail: "メールが送れていません", voice: "電話がかけられていません", push: "プッシュ通知が送れていません" },
	books: "人数が合いません。tenko verify を実行してください", queue: "待ち行列", jobs: "件", oldest: "最長",
	workers: "ワーカー", feeds: "災害情報", noqueue: "スケジューラかRedisが止まっています。送信の状況は不明です", nofeeds: "受信設定がありません",
	silent: "応答なし", ago: "前", never: "未受信", channels: { mail: "メール", voice: "電話", push: "プッシュ" },
	lanes: ["緊急", "通常"], processes: "プロセス", asked: "開始", s: "秒", min: "分", h: "時間", d: "日",
};
const STATES = ["answered", "exhausted", "in_flight", "waiting", "cancelled"];
const number = new Intl.NumberFormat(english ? "en" : "ja");
const clock = new Intl.DateTimeFormat(english ? "en-GB" : "ja", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(english ? "en-GB" : "ja", { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
const by = id => document.getElementById(id);

function make(name, attributes, ...children) {
	const node = document.createElement(name);
	for (const [key, value] of Object.entries(attributes || {}))
		if (key === "style") Object.assign(node.style, value);
		else node[key] = value;
	node.append(...children.filter(child => child !== null && child !== undefined));
	return node;
}

function draw(name, attributes, ...children) {
	const node = document.createElementNS("http://www.w3.org/2000/svg", name);
	for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
	node.append(...children);
	return node;
}

function duration(seconds) {
	if (seconds < 60) return `${Math.max(0, Math.round(seconds))} ${T.s}`;
	const minutes = Math.round(seconds / 60), hours = Math.floor(minutes / 60);
	if (minutes < 60) return `${minutes} ${T.min}`;
	if (hours < 48) return `${hours} ${T.h} ${minutes % 60} ${T.min}`;
	return `${Math.floor(hours / 24)} ${T.d} ${hours % 24} ${T.h}`;
}

const percent = (part, whole) => whole > 0 ? Math.floor(100 * part / whole) : 0;

/* one broadcast */

function bar(b) {
	const parts = STATES.filter(state => b[state] > 0);
	return make("div", { className: "bar", role: "img", ariaLabel: parts.map(s => `${T[s]} ${b[s]}`).join(", ") },
		...parts.map(state => make("i", { className: state, style: { flexGrow: b[state], flexBasis: "0" } })));
}

function key(b) {
	return make("ul", { className: "key" }, ...STATES.filter(s => b[s] > 0 || s === "answered").map(state =>
		make("li", {}, make("i", { className: state }), `${T[state]} ${number.format(b[state])}`)));
}

function curve(b) {
	const points = b.curve, width = 600, height = 230, left = 66, top = 12, bottom = 32;
	const last = points.length ? points[points.length - 1][0] : 0, span = Math.max(60, last);
	const x = at => left + (width - left - 8) * at / span, y = n => top + (height - top - bottom) * (1 - n / Math.max(1, b.targeted));
	const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": T.curve });
	for (const share of [0, 0.5, 1]) {
		svg.append(draw("line", { class: "grid", x1: left, x2: width - 8, y1: y(share * b.targeted), y2: y(share * b.targeted) }),
			draw("text", { x: left - 6, y: y(share * b.targeted) + 7, "text-anchor": "end" }, `${share * 100}%`));
	}
	svg.append(draw("text", { x: left, y: height - 6 }, "0"), draw("text", { x: width - 8, y: height - 6, "text-anchor": "end" }, duration(span)));
	const line = points.map(([at, n]) => `${x(at).toFixed(1)},${y(n).toFixed(1)}`).join(" ");
	if (points.length)
		svg.append(draw("polygon", { class: "area", points: `${x(points[0][0])},${y(0)} ${line} ${x(last)},${y(0)}` }),
			draw("polyline", { class: "curve", points: line }));
	return make("div", {}, make("h3", {}, T.curve), svg);
}

function choices(b) {
	return make("div", {}, make("h3", {}, T.answers), make("table", {}, ...b.choices.map(c => make("tr", {},
		make("td", {}, c[english ? "en" : "ja"]),
		make("td", { style: { width: "40%" } }, make("div", { className: "track" }, make("i", { style: { width: `${percent(c.people, b.answered)}%`, minWidth: c.people ? ".3rem" : "0" } }))),
		make("td", { className: "n" }, number.format(c.people))))));
}

function groups(b) {
	if (!b.groups.length) return null;
	const most = 12, shown = b.groups.slice(0, most), left = b.groups.length - shown.length;
	return make("div", { className: "groups" }, make("h3", {}, T.groups), make("table", {},
		make("thead", {}, make("tr", {}, make("th", {}, T.group), make("th", { className: "n" }, T.missing), make("th", { className: "n" }, T.answered))),
		...shown.map(g => make("tr", {}, make("td", {}, g.name), make("td", { className: "n" }, number.format(g.people - g.answered)),
			make("td", { className: "n" }, `${number.format(g.answered)} ${T.of} ${number.format(g.people)} (${percent(g.answered, g.people)} %)`))),
		left > 0 ? make("tr", {}, make("td", { colSpan: 3, className: "none" }, `${T.more} ${number.format(left)}`)) : null));
}

/* who is missing: asked for by hand, kept over the redrawing */

const missing = new Map();

async function look(id) {
	const found = { people: [], more: false };
	for (let after = 0; after !== null && found.people.length < 300 && !found.more;) {
		const answer = await fetch(`/dashboard/unanswered/${id}${after ? `?after=${after}` : ""}`, { cache: "no-store" });
		if (!answer.ok) {
			missing.set(id, { refused: true });
			redraw();
			return;
		}
		const stretch = await answer.json();
		found.people.push(...stretch.people);
		found.more = stretch.more;
		after = stretch.next;
	}
	missing.set(id, found);
	redraw();
}

async function enter(id, event) {
	event.preventDefault();
	const answer = await fetch("/dashboard", { method: "POST", body: new URLSearchParams(new FormData(event.target)) });
	if (answer.ok) look(id);
	else missing.set(id, { refused: true, wrong: true }), redraw();
}

function names(b) {
	const found = missing.get(b.broadcast), id = b.broadcast;
	const box = make("div", {}, make("h3", {}, T.who));
	if (!found) {
		box.append(make("button", { onclick: () => look(id) }, T.show));
	} else if (found.refused) {
		box.append(make("form", { onsubmit: event => enter(id, event) },
			make("label", { htmlFor: `t${id}` }, found.wrong ? T.wrong : T.names),
			make("input", { type: "password", name: "token", id: `t${id}`, placeholder: T.token, autocomplete: "current-password", required: true }),
			make("button", {}, T.show)));
	} else {
		box.append(make("button", { onclick: () => look(id) }, T.refresh), " ",
			make("button", { onclick: () => { missing.delete(id); redraw(); } }, T.hide),
			make("table", {}, ...found.people.map(p => make("tr", {}, make("td", {}, p.name), make("td", {}, p.user),
				make("td", {}, p.group_name), make("td", {}, T[p.state])))),
			found.more ? make("p", { className: "none" }, `${T.more}: tenko list ${id} --state unanswered`) : "");
	}
	return box;
}

function card(b, now) {
	const over = b.state === "finished" || b.state === "cancelled";
	const meta = make("p", { className: "meta" }, make("span", { className: "badge" }, T.kinds[b.kind]),
		` ${T.states[b.state]} · ${T.asked} ${day.format(new Date(b.requested_at))}`,
		over ? "" : ` · ${duration((now - new Date(b.requested_at)) / 1000)}`);
	const big = make("p", { className: "big" }, make("span", {}, `${T.answered} `, make("b", {}, `${percent(b.answered, b.targeted)}%`)),
		make("span", {}, `${number.format(b.answered)} ${T.of} ${number.format(b.targeted)} ${T.people}`),
		b.eta === null || over ? null : make("span", {}, `${T.eta} ${duration(b.eta)}`),
		over || !b.rate ? null : make("span", { className: "none" }, `${number.format(b.rate)} ${T.rate}`));
	return make("article", { className: `card ${b.kind}`, id: `b${b.broadcast}` }, make("h2", {}, `${b.broadcast}. ${b.title}`), meta, big, bar(b), key(b),
		make("div", { className: "parts" }, curve(b), choices(b), groups(b), b.answered < b.targeted ? names(b) : null));
}

/* the works */

function line(good, ...words) {
	return make("tr", {}, make("td", { className: good ? "ok" : "bad" }, words[0]), ...words.slice(1).map(w => make("td", { className: "n" }, w)));
}

/* A feed's host and file: where it lies between does not fit. */
function short(url) {
	const parts = url.split("/");
	return parts.length > 3 ? `${parts[2]} ${parts[parts.length - 1]}` : url;
}

function box(title, rows, otherwise) {
	return make("div", {}, make("h3", {}, title), rows.length ? make("table", {}, ...rows) : make("p", { className: "none" }, otherwise));
}

function works(f) {
	const queue = f.queue ? f.queue.streams.filter(s => s.length > 0 || s.workers > 0).map(s => line(!(s.length > 0 && s.workers === 0),
		`${T.channels[s.channel]} · ${T.lanes[s.lane]}`, `${number.format(s.length)} ${T.jobs}`,
		s.oldest_age_ms === null ? "" : `${T.oldest} ${duration(s.oldest_age_ms / 1000)}`)) : [];
	const workers = f.workers.map(w => line(w.up, w.worker, T.channels[w.channel], w.up ? "" : T.silent));
	const feeds = f.feeds.map(feed => line(feed.up, short(feed.feed), feed.age_ms === null ? T.never : `${duration(feed.age_ms / 1000)} ${T.ago}`));
	const processes = f.processes.map(p => line(p.up !== false, p.process, p.restarts ? `↻ ${p.restarts}` : ""));
	return [box(T.queue, queue, "–"), box(T.workers, workers, "–"), box(T.feeds, feeds, T.nofeeds),
		box(T.processes, processes, "–")];
}

function alarms(f) {
	const list = Object.entries(f.channels).filter(([, c]) => !c.up).map(([name, c]) => `${T.down[name]}${c.reason ? ` (${c.reason})` : ""}`);
	if (f.accounting_difference) list.push(T.books);
	if (!f.queue) list.push(T.noqueue);
	return list.map(words => make("p", {}, words));
}

/* drawing */

let figures = null, heard = 0;

function redraw() {
	if (!figures) return;
	const typing = document.activeElement && document.activeElement.tagName === "INPUT";
	by("alarms").replaceChildren(...alarms(figures));
	if (!typing) {
		const now = new Date(figures.at);
		by("broadcasts").replaceChildren(...(figures.broadcasts.length ? figures.broadcasts.map(b => card(b, now))
			: [make("p", { className: "card none" }, T.none)]));
	}
	by("works").replaceChildren(...works(figures));
	tell();
}

function tell() {
	const lost = Date.now() - heard > 8000;
	by("pulse").className = lost ? "lost" : "";
	by("pulse").textContent = lost && heard === 0 ? "" : lost ? T.lost : `${T.now} ${clock.format(new Date(figures.at))}`;
}

document.documentElement.lang = english ? "en" : "ja";
by("language").textContent = T.other;
by("language").href = `?lang=${T.lang}`;
const source = new EventSource("/dashboard/events");
source.onmessage = event => { figures = JSON.parse(event.data); heard = Date.now(); redraw(); };
setInterval(() => { if (figures) tell(); }, 1000);
