/** One line of a script: a comment or blank line as it stands, or a command with the output that stands below it. */
export type Line = { readonly text: string } | { readonly command: string; readonly output: readonly string[] };

/** What a scenario file says. */
export interface Script {
  /** The comment at its head, without the `#`. */
  readonly head: string;
  /** The rules of docs/protocol-paxos.md that its line `Shows:` names. */
  readonly rules: readonly number[];
  readonly lines: readonly Line[];
}

const INDENT = "  ";

/** Reads a script. Lines that begin with two spaces are output, `#` begins a comment, everything else is a command. */
export function parseScript(source: string): Script {
  const lines: { text: string }[] | Line[] = [];
  const result: Line[] = lines;
  for (const text of source.trimEnd().split("\n")) {
    const last = result[result.length - 1];
    if (text.startsWith(INDENT)) {
      if (last === undefined || !("command" in last)) throw new Error(`output without a command: ${text}`);
      result[result.length - 1] = { command: last.command, output: [...last.output, text.slice(INDENT.length)] };
    } else if (text === "" || text.startsWith("#")) result.push({ text });
    else result.push({ command: text, output: [] });
  }
  const comments: string[] = [];
  for (const line of result) {
    if ("command" in line || line.text === "") break;
    comments.push(line.text.replace(/^# ?/, ""));
  }
  const shows = comments.find((line) => line.startsWith("Shows:")) ?? "";
  const named = /rules? ([\d, and]+)/.exec(shows)?.[1] ?? "";
  return { head: comments.join("\n"), rules: (named.match(/\d+/g) ?? []).map(Number), lines: result };
}

/** The file of a script. */
export function renderScript(lines: readonly Line[]): string {
  const all = lines.flatMap((line) =>
    "command" in line ? [line.command, ...line.output.map((one) => `${INDENT}${one}`)] : [line.text],
  );
  return `${all.join("\n")}\n`;
}
