// Stands in for every fake program: tells the test what it was called with, and does as it is told until the test lets
// it go. Plain JavaScript: Node 20 runs no TypeScript by itself, and a loader would cost every call a third of a second.
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [control, program, ...args] = process.argv.slice(2);
const socket = connect(control);
const { pid } = process;
socket.write(`${JSON.stringify({ program, args, pid, cwd: process.cwd(), environment: process.env })}\n`);
createInterface({ input: socket }).on('line', (line) => {
  const order = JSON.parse(line);
  if (order.stdout !== undefined) process.stdout.write(order.stdout);
  if (order.stderr !== undefined) process.stderr.write(order.stderr);
  if (order.ignoreTerm === true) {
    process.on('SIGTERM', () => undefined);
    socket.write('ignores SIGTERM\n');
  }
  if (order.exit !== undefined) process.exit(order.exit);
});
// A test that has ended leaves nobody waiting.
socket.on('error', () => process.exit(98));
socket.on('close', () => process.exit(98));
