/** The style of a page: of its own, so that the page needs nothing else. */
export const PAGE_STYLE = `
:root { --ink:#1c1e21; --faint:#8b9097; --paper:#fff; --line:#d5d9de; --red:#c62828; --blue:#1565c0; --green:#2e7d32; --amber:#b26a00; --violet:#6a3fb5; --tint:#f4f6f8; }
@media (prefers-color-scheme: dark) { :root { --ink:#e4e6e9; --faint:#8b9097; --paper:#16181b; --line:#363b41; --red:#ff7b72; --blue:#6cb6ff; --green:#6bc46d; --amber:#e0a34a; --violet:#b392f0; --tint:#1f2327; } }
* { box-sizing:border-box; }
body { margin:0; font:14px/1.45 system-ui,sans-serif; color:var(--ink); background:var(--paper); display:grid; grid-template-columns:minmax(330px,30rem) 1fr; height:100vh; }
aside { overflow:auto; padding:16px 18px 40px; border-right:1px solid var(--line); }
main { overflow:auto; position:relative; }
h1 { font-size:18px; margin:0 0 6px; } h1 b { color:var(--red); }
h2 { font-size:13px; text-transform:uppercase; letter-spacing:.05em; color:var(--faint); margin:22px 0 6px; }
p { margin:4px 0; } code { font:12px/1.4 ui-monospace,monospace; background:var(--tint); padding:1px 4px; border-radius:3px; overflow-wrap:anywhere; }
ol { margin:0; padding-left:22px; } .why { border-left:3px solid var(--red); padding:4px 10px; background:var(--tint); overflow-wrap:anywhere; }
table { border-collapse:collapse; font-size:12px; width:100%; } th,td { text-align:left; padding:2px 6px; border-bottom:1px solid var(--line); }
td.chosen { outline:2px solid var(--green); outline-offset:-2px; } td.bad { background:color-mix(in srgb,var(--red) 30%,transparent); }
label { margin-right:10px; white-space:nowrap; } input[type=range] { width:100%; }
svg text { font:11px ui-monospace,monospace; fill:var(--ink); } svg .time { fill:var(--faint); font-size:10px; } svg .head { font-weight:600; font-size:12px; }
#heads { position:sticky; top:0; z-index:1; display:block; margin-bottom:-26px; } #heads rect { fill:var(--paper); opacity:.92; }
line.life { stroke:var(--line); stroke-width:3; } line.life.stopped { stroke:var(--amber); stroke-dasharray:2 4; } line.life.down { stroke:var(--red); stroke-width:1; stroke-dasharray:1 6; }
.m line { stroke:var(--faint); stroke-width:1; } .m path { stroke:var(--red); stroke-width:1.5; fill:none; } .m.again line { stroke-dasharray:4 3; } #tip path { fill:var(--faint); stroke:none; }
.m[data-k=prepare] line,.m[data-k=promise] line { stroke:var(--violet); } .m[data-k=accept] line,.m[data-k=accepted] line { stroke:var(--blue); } .m[data-k=reject] line { stroke:var(--red); } .m[data-k=learn] line,.m[data-k=snapshot-chunk] line { stroke:var(--green); }
.call rect { fill:var(--blue); opacity:.35; } .call.open rect { fill:var(--amber); }
.at circle { fill:var(--blue); } .at.promise circle { fill:var(--violet); } .at.life circle { fill:var(--red); } .at.role circle { fill:var(--green); }
.fault rect { fill:var(--amber); opacity:.6; } .fault line { stroke:var(--amber); stroke-dasharray:1 5; } .fault text { fill:var(--amber); font-weight:600; }
.violation line { stroke:var(--red); stroke-width:2; } .violation text { fill:var(--red); font-weight:700; }
.cut { fill:var(--amber); opacity:.16; pointer-events:none; } .cut.one { fill:url(#slanted); opacity:.3; } #slanted path { stroke:var(--amber); stroke-width:1; fill:none; }
.at.hit circle { fill:var(--amber); } td.more { color:var(--faint); border:0; }
svg text.words { paint-order:stroke; stroke:var(--paper); stroke-width:3px; stroke-linejoin:round; }
.key i { display:inline-block; width:16px; height:10px; margin:0 3px 0 8px; vertical-align:baseline; } .key i.both { background:color-mix(in srgb,var(--amber) 22%,transparent); } .key i.one { background:repeating-linear-gradient(45deg,color-mix(in srgb,var(--amber) 45%,transparent) 0 2px,transparent 2px 5px); } .key i.fault { background:var(--amber); width:7px; }
#now { stroke:var(--green); stroke-width:1; pointer-events:none; }
.hidden { display:none; } .faded { opacity:.08; } .lit line { stroke-width:2.5 !important; } .lit circle { r:5; }
`;
