import { z } from 'zod';
import { BOOT_MODES } from '../model/environment.ts';
import { benchSchema } from './bench-schema.ts';
import { name, sha256 } from './fields.ts';

const symbolName = z
  .string()
  .regex(/^[A-Z0-9_]+$/, 'expected a Kconfig symbol without its CONFIG_ prefix, such as VIRTIO_BLK');
const cmdline = z
  .array(z.string().regex(/^[\x21-\x7e]+$/, 'expected one kernel parameter without spaces'))
  .describe('Kernel parameters, one per item.');

const regularExpression = z
  .string()
  .min(1)
  .refine(isRegularExpression, 'expected a JavaScript regular expression, such as ^nf_conntrack');

const packageSource = z.strictObject({
  package: z
    .string()
    .regex(/^linux-source-[0-9.]+$/, 'expected a Debian package such as linux-source-6.1')
    .describe("A source package of the guest's Debian."),
});
const directorySource = z.strictObject({
  directory: z
    .string()
    .min(1)
    .describe("A kernel source tree, which is not changed; a relative path counts from the profile's folder."),
});
const signedSums = z
  .strictObject({
    file: z
      .string()
      .regex(/^[\w.-]+$/, 'expected the name of a file beside the tarball, such as sha256sums.asc')
      .describe("The publisher's signed list of digests, in the folder of the tarball's address."),
    keyring: z
      .exactOptional(z.string().startsWith('/'))
      .describe(
        "The publisher's public key on this machine, as gpgv reads it; without one, only the digest is compared.",
      ),
  })
  .describe("The publisher's own digests, compared with sha256 when they can be reached.");
const tarballSource = z.strictObject({
  tarball: z
    .string()
    .min(1)
    .describe("A path (a relative one counts from the profile's folder), or an http(s) address; downloads resume."),
  sha256: sha256.describe('Digest that the tarball must have.'),
  signedSums: z.exactOptional(signedSums),
});

/** Keys are checked against vm-images/ when a run is planned. */
const guestKey = z.string().min(1).describe('Name of a guest definition.');

const source = z
  .union([packageSource, directorySource, tarballSource], {
    error: 'expected one of package: linux-source-X.Y · directory: PATH · tarball: PATH-or-URL with sha256: DIGEST',
  })
  .describe('Where the kernel source comes from, in one of three forms.');
const fragments = z.array(
  z.string().regex(/^[a-z0-9-]+$/, 'expected the name of a file in pipelines/kconfig/, without .config'),
);
const symbols = z.record(
  symbolName,
  z.union([z.enum(['y', 'm', 'n']), z.string().regex(/^"[^"\n]*"$/), z.number().int()], {
    error: 'expected y, m, n, a number, or a quoted string',
  }),
);

const kernelOnGuest = z
  .strictObject({
    source: z.exactOptional(source).describe("Takes the place of the kernel's own source."),
    fragments: fragments.default([]).describe("Added to the kernel's own."),
    symbols: symbols.default({}).describe("Added to the kernel's own; they override it."),
  })
  .describe('Overrides of the kernel for this guest.');

const builtKernel = z.strictObject({
  name: z
    .exactOptional(name)
    .describe("Becomes the release's suffix; the arm's name when absent. Arms that share a kernel share its name."),
  source,
  base: z
    .enum(['tinyconfig', 'allnoconfig', 'defconfig', 'distribution'])
    .default('tinyconfig')
    .describe(
      "What fragments are added to, or taken from: distribution is the configuration of the guest's stock kernel.",
    ),
  fragments: fragments
    .default([])
    .describe('Files of pipelines/kconfig/, without .config. Two that contradict each other stop the run.'),
  symbols: symbols.default({}).describe('Symbols of this profile alone; they override the fragments.'),
  patches: z
    .array(z.enum(['rtc-no-sync']))
    .default([])
    .describe('Semantic patches of pipelines/patches/ without .cocci.'),
  guests: z
    .exactOptional(z.record(guestKey, kernelOnGuest))
    .describe('What differs on some guests, by name of the guest: another source, more fragments, more symbols.'),
});

const arm = z
  .strictObject({
    role: z
      .enum(['baseline', 'candidate', 'variant'])
      .describe('variant: measured beside the pair, not scored; a cell of an ablation.'),
    kernel: z
      .union([z.literal('stock'), builtKernel], {
        error: 'expected stock, or a kernel to build: {source, base, fragments, symbols, patches}',
      })
      .describe("stock: the guest's own kernel; otherwise what to build."),
    initrd: z
      .enum(['stock', 'stock-busybox', 'distribution', 'busybox', 'busybox-image', 'none'])
      .describe(
        "stock: the guest's own; stock-busybox: the guest's own with drydock's linuxrc in the place of its init; distribution: made for this " +
          "kernel by the guest's own tool; busybox: a cpio of BusyBox and drydock's linuxrc; busybox-image: the same as a file system in a RAM " +
          'disk, whose /linuxrc the kernel runs itself (the old style); none: root= alone.',
      ),
    cmdline: cmdline.default([]).describe("Kernel parameters of this arm, after the profile's."),
    collectHz: z
      .exactOptional(z.number().int().min(1).max(250))
      .describe('Samples per second of the process collector, in this arm.'),
  })
  .superRefine((one, context) => {
    const refuse = (message: string): void => {
      context.addIssue({ code: 'custom', path: ['initrd'], message });
    };
    if (one.kernel === 'stock' && one.initrd === 'distribution') {
      refuse("the stock kernel has its distribution's initrd already; expected stock or busybox");
    }
    if (one.kernel !== 'stock' && one.kernel.base === 'distribution' && one.initrd === 'none') {
      refuse(
        "a distribution's configuration has the disk driver as a module and cannot boot without an initrd; expected distribution or busybox",
      );
    }
    if (one.kernel === 'stock' && one.initrd === 'none') {
      refuse(
        'the stock kernel has its disk driver as a module and cannot boot without an initrd; expected stock, stock-busybox or busybox',
      );
    }
    if (one.initrd === 'busybox-image' && one.collectHz !== undefined) {
      refuse('the process collector starts from a cpio, which busybox-image is not; expected busybox, or no collectHz');
    }
  });

/** The changes of the thesis that an ablation can take apart. */
export const FACTORS = ['config', 'initrd', 'rtc', 'cmdline'] as const;
export type Factor = (typeof FACTORS)[number];

/** What to do: the file a lab engineer writes. `pipelines/schema.json` is made from this. */
export const profileSchema = z
  .strictObject({
    name: name.describe('Name of the profile; run folders end with it.'),
    description: z.string().min(1).describe('One line for reports.'),
    guest: z
      .string()
      .min(1)
      .default('auto')
      .describe(
        'auto, the name of a definition in vm-images/, or the path of another one, counted from the folder of the profile.',
      ),
    build: z
      .enum(['auto', 'host', 'guest'])
      .default('auto')
      .describe(
        'Where kernels are built; auto: in the guest if KVM works and its compiler can build a kernel of this age, else on the host.',
      ),
    boots: z
      .union([z.number().int().min(1).max(200), z.literal('auto')], {
        error: 'expected a whole number from 1 to 200, or auto',
      })
      .default(5)
      .describe('Measured boots per arm; auto: until the confidence intervals allow a verdict.'),
    boot: z
      .exactOptional(z.enum(BOOT_MODES))
      .describe('direct: QEMU is the boot loader; grub: the guest has its own, on its disk. --boot overrides it.'),
    maxBoots: z.number().int().min(4).max(200).optional().describe('With boots: auto, the most boots per arm.'),
    budgetMinutes: z.number().positive().optional().describe('With boots: auto, the most time for measured boots.'),
    cmdline: cmdline
      .default([])
      .describe("Kernel parameters that every arm gets; root=/dev/vda stands for the guest's own root device."),
    guestCmdline: z
      .exactOptional(z.record(guestKey, cmdline))
      .describe('Extra kernel parameters for every arm, on this guest only.'),
    presence: z
      .record(name, regularExpression)
      .optional()
      .describe(
        "Lines to look for in boot logs beside drydock's own presence checks: a name, and a regular expression.",
      ),
    arms: z.record(name, arm).describe('The variants that are booted and compared, by name; one baseline at most.'),
    bench: z.exactOptional(benchSchema).describe('Container workloads; they run with --bench only.'),
    ablation: z
      .strictObject({
        factors: z.array(z.enum(FACTORS)).min(1).describe('The changes whose effects are separated.'),
        cells: z.record(name, z.array(z.enum(FACTORS))).describe('The changes that are on, per arm.'),
      })
      .optional()
      .describe('Which changes each arm has; written by --ablate, not by hand.'),
    calibration: z
      .strictObject({
        arm: z.exactOptional(name).describe('The arm of the named profile that is calibrated.'),
        looks: z.array(name).describe('The arms with an instrumentation.'),
      })
      .optional()
      .describe(
        'Arms a and b are identical, each other arm adds one instrumentation; written by drydock calibrate, not by hand.',
      ),
  })
  .superRefine((profile, context) => {
    for (const [arm, { kernel, initrd }] of Object.entries(profile.arms)) {
      // The cells of an ablation do, to tell the initrd's cost from the kernel's: what they need of it is built in.
      if (kernel === 'stock' || !initrd.startsWith('stock') || profile.ablation !== undefined) continue;
      context.addIssue({
        code: 'custom',
        path: ['arms', arm, 'initrd'],
        message:
          "a kernel built here cannot use the stock kernel's initrd; expected distribution, busybox, busybox-image or none",
      });
    }
    if (profile.bench !== undefined && profile.arms.host !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['arms', 'host'],
        message:
          'host is the machine that drydock runs on, where work in containers is measured too; expected another name',
      });
    }
    for (const cell of Object.keys(profile.ablation?.cells ?? {})) {
      if (profile.arms[cell] !== undefined) continue;
      context.addIssue({ code: 'custom', path: ['ablation', 'cells', cell], message: 'expected the name of an arm' });
    }
    const roles = Object.values(profile.arms).map((one) => one.role);
    for (const limit of ['maxBoots', 'budgetMinutes'] as const) {
      if (profile.boots === 'auto' || profile[limit] === undefined) continue;
      context.addIssue({ code: 'custom', path: [limit], message: 'goes with boots: auto only' });
    }
    const baselines = roles.filter((role) => role === 'baseline').length;
    if (roles.length === 0) context.addIssue({ code: 'custom', path: ['arms'], message: 'expected at least one arm' });
    if (baselines > 1) {
      context.addIssue({
        code: 'custom',
        path: ['arms'],
        message: `expected one baseline at most, found ${String(baselines)}`,
      });
    }
  });

export type Profile = z.infer<typeof profileSchema>;
export type Arm = z.infer<typeof arm>;
export type KernelSpec = z.infer<typeof builtKernel>;

function isRegularExpression(text: string): boolean {
  try {
    return new RegExp(text).source !== '';
  } catch {
    return false;
  }
}

/** JSON Schema (draft 2020-12) of a profile, for editors; published as `pipelines/schema.json`. */
export function profileJsonSchema(): unknown {
  return z.toJSONSchema(profileSchema, { io: 'input' });
}
