const usage = "usage: quorate <command> [options]";

const command = process.argv[2];
if (command === undefined || command === "--help" || command === "-h") {
  process.stdout.write(`${usage}\n`);
} else {
  process.stderr.write(`quorate: unknown command "${command}"\n${usage}\n`);
  process.exitCode = 2;
}
