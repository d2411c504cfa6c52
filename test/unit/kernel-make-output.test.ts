import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtFile, estimateObjects, firstErrors } from '../../src/kernel/build/make-output.ts';

describe("a line of make's output", () => {
  test.each([
    ['  CC      init/main.o', 'init/main.o'],
    ['  AS      arch/x86/entry/entry_64.o', 'arch/x86/entry/entry_64.o'],
    ['  AR      built-in.a', 'built-in.a'],
    ['  LD      vmlinux', 'vmlinux'],
    ['  CC [M]  net/bridge/br.o', 'net/bridge/br.o'],
    ['  HOSTCC  scripts/basic/fixdep', undefined],
    ['  UPD     include/generated/utsrelease.h', undefined],
    ['make[1]: Entering directory /build', undefined],
    ["net/core/dev.c:12:3: error: 'x' undeclared", undefined],
  ])('%s makes %s', (line, file) => {
    expect(builtFile(line)).toBe(file);
  });
});

describe('the errors of a failed build', () => {
  test('name the compiler before make, each once, whatever else was printed in between', () => {
    const output = [
      '  CC      net/core/dev.o',
      "net/core/dev.c: In function 'dev_open':",
      "net/core/dev.c:1413:9: error: 'broken' undeclared (first use in this function)",
      '  CC      net/core/sock.o',
      'make[3]: *** [scripts/Makefile.build:250: net/core/dev.o] Error 1',
      "net/core/dev.c:1413:9: error: 'broken' undeclared (first use in this function)",
      'make[2]: *** Waiting for unfinished jobs....',
      'make: *** [Makefile:2010: .] Error 2',
    ].join('\n');
    expect(firstErrors(output)).toEqual([
      "net/core/dev.c:1413:9: error: 'broken' undeclared (first use in this function)",
      'make[3]: *** [scripts/Makefile.build:250: net/core/dev.o] Error 1',
      'make: *** [Makefile:2010: .] Error 2',
    ]);
  });

  test('include what the linker could not find, and a full disk', () => {
    expect(firstErrors('ld: fs/ext4/super.o: in function `x`:\nsuper.c: undefined reference to `crc32c`')).toHaveLength(
      2,
    );
    expect(firstErrors('  CC a.o\nfatal: cannot write: No space left on device')).toHaveLength(1);
  });

  test('are none in the output of a build that only warns', () => {
    expect(firstErrors("a.c:1:2: warning: unused variable 'error'\nld: warning: x has a LOAD segment")).toEqual([]);
  });
});

test('a larger configuration is expected to make more files', () => {
  fc.assert(
    fc.property(fc.nat({ max: 5000 }), fc.integer({ min: 1, max: 500 }), (builtIn, more) => {
      expect(estimateObjects(builtIn)).toBeGreaterThan(0);
      expect(estimateObjects(builtIn + more)).toBeGreaterThanOrEqual(estimateObjects(builtIn));
    }),
  );
});
