/**
 * What the page does when it is used: hides kinds of messages, fades what cannot have had a hand in the violation or in an event that was clicked, and shows the votes of
 * each node as of a moment. Plain script for a browser; reads the constants
 * `trace`, `past`, `accused` (slots and lanes that the witness names), `folded` and `heights` that the page puts before it.
 */
export const PAGE_SCRIPT = `
const all = [...document.querySelectorAll("#space g[data-a]")];
const hiddenKinds = new Set();
let shownPast = past;
function refresh() {
  const faded = document.getElementById("only-past").checked;
  const word = document.getElementById("find").value.toLowerCase();
  for (const g of all) {
    const a = Number(g.dataset.a), b = Number(g.dataset.b);
    g.classList.toggle("hidden", g.dataset.k !== undefined && hiddenKinds.has(g.dataset.k));
    g.classList.toggle("faded", faded && !(shownPast[a] && shownPast[b]));
    const text = g.querySelector("title")?.textContent.toLowerCase() ?? "";
    g.classList.toggle("lit", word !== "" && text.includes(word));
  }
}
for (const box of document.querySelectorAll("input[data-kind]")) {
  const follow = () => { box.checked ? hiddenKinds.delete(box.dataset.kind) : hiddenKinds.add(box.dataset.kind); refresh(); };
  box.addEventListener("change", follow);
  if (!box.checked) hiddenKinds.add(box.dataset.kind);
}
document.getElementById("only-past").addEventListener("change", refresh);
document.getElementById("find").addEventListener("input", refresh);
function pastOf(index) {
  const isIn = new Array(trace.events.length).fill(false), lanes = new Set([trace.events[index].lane]), sent = new Set();
  isIn[index] = true;
  for (let at = index; at >= 0; at--) {
    const { kind, lane, id } = trace.events[at];
    if (kind === "fault" || kind === "end" || lanes.has(lane)) isIn[at] = true;
    else if (kind === "send" && sent.has(id)) { isIn[at] = true; lanes.add(lane); }
    if (isIn[at] && kind === "arrive") sent.add(id);
  }
  return isIn;
}
document.getElementById("space").addEventListener("click", ({ target }) => {
  const g = target.closest("g[data-a]");
  shownPast = g === null ? past : pastOf(Number(g.dataset.b));
  if (g !== null) document.getElementById("only-past").checked = true;
  if (g !== null) showVotes(Number(g.dataset.b));
  refresh();
});
const slider = document.getElementById("moment");
const nodes = trace.lanes.filter(({ kind, id }) => kind === "node" && !folded.includes(id));
const SLOTS_SHOWN = 24;
/** The highest slots; or, where the witness names some that are below, those around them. */
function slotsShown(votes) {
  const slots = [...new Set([...votes.keys(), ...accused.slots])].sort((a, b) => b - a);
  const lowest = slots.indexOf(Math.min(...accused.slots));
  const from = Math.max(0, Math.min(slots.length - SLOTS_SHOWN, lowest + 1 - SLOTS_SHOWN / 2));
  return { slots: slots.slice(from, from + SLOTS_SHOWN), above: from, below: Math.max(0, slots.length - from - SLOTS_SHOWN) };
}
function more(table, count, where) {
  if (count > 0) cell(table.insertRow(), "", "").parentElement.append(Object.assign(document.createElement("td"), { colSpan: nodes.length, className: "more", textContent: count + " slots " + where }));
}
function cell(row, text, name) { const td = row.insertCell(); td.textContent = text; if (name) td.className = name; return td; }
function showVotes(to) {
  slider.value = to;
  const votes = new Map(), promised = new Map(), chosen = new Map();
  for (let at = 0; at <= to; at++) {
    const { kind, lane, slot, ballot, value } = trace.events[at];
    if (kind === "promise") promised.set(lane, ballot);
    if (kind === "vote") { if (!votes.has(slot)) votes.set(slot, new Map()); votes.get(slot).set(lane, { ballot, value }); }
    if (kind === "chosen") { if (!chosen.has(slot)) chosen.set(slot, new Set()); chosen.get(slot).add(value); }
  }
  const table = document.getElementById("votes");
  table.replaceChildren();
  const head = table.insertRow();
  cell(head, "slot");
  for (const { id, name } of nodes) cell(head, name + (promised.has(id) ? ", promised " + promised.get(id) : ""));
  const { slots, above, below } = slotsShown(votes);
  const isEnd = to === trace.events.length - 1;
  more(table, above, "above");
  for (const slot of slots) {
    const row = table.insertRow();
    cell(row, slot);
    for (const { id } of nodes) {
      const vote = votes.get(slot)?.get(id), values = chosen.get(slot);
      const isAccused = isEnd && accused.slots.includes(slot) && accused.lanes.includes(id);
      const isBad = isAccused || (vote && values?.has(vote.value) && values.size > 1);
      const name = isBad ? "bad" : vote && values?.has(vote.value) ? "chosen" : "";
      cell(row, vote ? vote.ballot + " " + vote.value : isAccused ? "no vote" : "", name);
    }
  }
  more(table, below, "below");
  document.getElementById("moment-text").textContent = (trace.events[to].atMs / 1000).toFixed(4) + " s: " + trace.events[to].text;
  const now = document.getElementById("now");
  now.setAttribute("y1", heights[to]);
  now.setAttribute("y2", heights[to]);
}
slider.max = trace.events.length - 1;
slider.addEventListener("input", () => {
  showVotes(Number(slider.value));
  document.querySelector("main").scrollTop = heights[Number(slider.value)] - 300;
});
if (trace.events.length > 0) {
  showVotes(trace.events.length - 1);
  refresh();
  document.querySelector("main").scrollTop = heights.at(-1);
}
`;
