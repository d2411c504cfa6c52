/**
 * A guest of a few hundred bytes: a multiboot image (Multiboot Specification 0.6.96) that QEMU starts like a kernel. It
 * prints to the serial port and then does what a test needs a guest to do, in well under a second and without Linux.
 */
export type TinyStep =
  | { readonly print: string }
  /** Prints the same text for ever. */
  | { readonly repeat: string }
  /** Processors stop; nothing moves any more. */
  | 'halt'
  /** Processors run in a circle. */
  | 'spin'
  /** Resets the machine, as a reboot or a triple fault does. */
  | 'reset'
  /** Powers off through ACPI. */
  | 'power-off'
  /** From here on the power button is noticed. */
  | 'enable-power-button'
  /** Waits until the power button is pressed. */
  | 'await-power-button';

const LOAD_ADDRESS = 0x100000;
const HEADER_BYTES = 32;
const MAGIC = 0x1badb002;
/** The header gives the addresses, so the image needs to be no ELF. */
const ADDRESSES_VALID = 0x10000;

/** Where SeaBIOS puts the ICH9's ACPI registers (PMBASE): status 0x600, enable 0x602, control 0x604. */
const ACPI = { status: 0x600, enable: 0x602, control: 0x604 } as const;

const low = (value: number): number => value & 0xff;
const high = (value: number): number => (value >> 8) & 0xff;
const movDx = (port: number): number[] => [0x66, 0xba, low(port), high(port)];
const movAx = (value: number): number[] => [0x66, 0xb8, low(value), high(value)];
const OUT_DX_AX = [0x66, 0xef];

/** mov esi, address; then every byte to COM1 as soon as its transmitter is free. */
function printCode(address: number): number[] {
  const bytes = [0, 8, 16, 24].map((shift) => (address >> shift) & 0xff);
  return [
    ...[0xbe, ...bytes], // mov esi, address
    ...[0xac], // next: lodsb
    ...[0x84, 0xc0], // test al, al
    ...[0x74, 0x14], // jz done
    ...[0x88, 0xc4], // mov ah, al
    ...movDx(0x3fd),
    ...[0xec], // busy: in al, dx
    ...[0xa8, 0x20], // test al, transmitter empty
    ...[0x74, 0xfb], // jz busy
    ...[0x88, 0xe0], // mov al, ah
    ...movDx(0x3f8),
    ...[0xee], // out dx, al
    ...[0xeb, 0xe7], // jmp next
  ]; // done:
}

function stepCode(step: TinyStep, textAddress: number): number[] {
  if (typeof step === 'object') {
    const code = printCode(textAddress);
    return 'print' in step ? code : [...code, 0xeb, 0x100 - code.length - 2];
  }
  switch (step) {
    case 'halt':
      return [0xfa, 0xf4, 0xeb, 0xfd];
    case 'spin':
      return [0xeb, 0xfe];
    case 'reset':
      return [...movDx(0xcf9), 0xb0, 0x06, 0xee, 0xf4];
    case 'power-off':
      return [...movDx(ACPI.control), ...movAx(0x2000), ...OUT_DX_AX, 0xf4];
    case 'enable-power-button':
      return [...movDx(ACPI.enable), ...movAx(0x100), ...OUT_DX_AX];
    case 'await-power-button':
      return [
        ...movDx(ACPI.status),
        ...[0x66, 0xed], // again: in ax, dx
        ...[0xf6, 0xc4, 0x01], // test ah, PWRBTN_STS
        ...[0x74, 0xf9], // jz again
      ];
  }
}

function textOf(step: TinyStep): string | undefined {
  if (typeof step === 'string') return undefined;
  return 'print' in step ? step.print : step.repeat;
}

/** The image, to be written to a file and given to QEMU as its kernel. */
export function tinyGuest(steps: readonly TinyStep[]): Uint8Array {
  const encoder = new TextEncoder();
  const codeBytes = steps.reduce((sum, step) => sum + stepCode(step, 0).length, 0);
  const code: number[] = [];
  const texts: number[] = [];
  for (const step of steps) {
    code.push(...stepCode(step, LOAD_ADDRESS + HEADER_BYTES + codeBytes + texts.length));
    const text = textOf(step);
    if (text !== undefined) texts.push(...encoder.encode(text), 0);
  }
  const end = LOAD_ADDRESS + HEADER_BYTES + code.length + texts.length;
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  const checksum = -(MAGIC + ADDRESSES_VALID) >>> 0;
  const entry = LOAD_ADDRESS + HEADER_BYTES;
  const words = [MAGIC, ADDRESSES_VALID, checksum, LOAD_ADDRESS, LOAD_ADDRESS, end, end, entry];
  words.forEach((word, index) => {
    header.setUint32(index * 4, word, true);
  });
  return Uint8Array.from([...new Uint8Array(header.buffer), ...code, ...texts]);
}
