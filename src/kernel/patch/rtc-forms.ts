/** What the compiled function looks like with the symbol on, in `objdump --disassemble --reloc` output for x86-64. */
export interface CompiledForm {
  /** Both ways contain it: shows that this is the form we know. */
  readonly either: RegExp;
  /** Must be there; where nothing is, the change only takes away. */
  readonly present?: RegExp;
  readonly absent: RegExp;
  /** The finding in words. */
  readonly shows: string;
}

/** One way in which kernels read the CMOS clock. */
export interface ReaderForm {
  /** Mainline releases it is found in; stable branches may have a later one. */
  readonly versions: string;
  readonly function: string;
  /** What tells this form from the others, in the function's text with its white space made single, patched or not. */
  readonly mark: RegExp;
  /** The file in which it waits, where that is not this one; then there is nothing to change here. */
  readonly waitsIn?: string;
  /** Known of the forms that timekeeping_init can come to. */
  readonly compiled?: CompiledForm;
}

/** A source file that reads the CMOS clock at boot. */
export interface Reader {
  readonly file: string;
  /** In every x86 kernel, and called by timekeeping_init: without it no boot is known. */
  readonly essential: boolean;
  readonly forms: readonly ReaderForm[];
}

const ARCH = 'arch/x86/kernel/rtc.c';
const INLINE = 'include/asm-generic/rtc.h';
const LIBRARY = 'drivers/rtc/rtc-mc146818-lib.c';

const LOOKS_AT_UIP = /CMOS_READ\(RTC_FREQ_SELECT\) & RTC_UIP/;

/** UIP is bit 7 of register 0x0a; the reading function may be called, or be inlined down to its port. */
const NO_LOOK_AT_UIP: CompiledForm = {
  either: /\brtc_cmos_read\b|\bout +%al,\$0x70\b/,
  absent: /\bmovl? +\$0xa,%(?:edi|eax|al)\b/,
  shows: 'does not look at UIP',
};
/** The timeout argument of mc146818_get_time in ms, second argument register; 1000 is 0x3e8. */
const SHORT_TIMEOUT: CompiledForm = {
  either: /\bmc146818_get_time\b/,
  present: /\$0x3,%esi/,
  absent: /\$0x3e8\b/,
  shows: 'waits 3 ms, not 1000 ms',
};
/** The bound of the loop, or one less, as compilers like it. */
const FEW_POLLS: CompiledForm = {
  either: NO_LOOK_AT_UIP.either,
  present: /\$0x1[de]\b/,
  absent: /\$0x6[34]\b/,
  shows: 'gives up after 30 polls, not 100',
};

/**
 * The readers and their forms, as pipelines/patches/rtc-no-sync.cocci has rules for them. The form decides, not the
 * version a tree says it is: stable branches took later forms over (6.1.192 has that of 6.8).
 *
 * Of the readers in arch/ and in the two libraries, every form was read in a tree that has it: 3.4 and a 3.x after it,
 * 4.19, 5.10, the commits that made the forms of 5.11 and 5.17, a 5.15, mainline before and after 6.8, and 6.1.192 whole.
 * Of rtc-cmos.c only 6.1.192's; its older calls are taken from the libraries they call.
 */
export const READERS: readonly Reader[] = [
  {
    file: ARCH,
    essential: true,
    forms: [
      {
        versions: '3.10 to 6.0',
        function: 'mach_get_cmos_time',
        mark: LOOKS_AT_UIP,
        compiled: NO_LOOK_AT_UIP,
      },
      {
        versions: '6.1 to 6.7',
        function: 'mach_get_cmos_time',
        mark: /\bmc146818_get_time\(&\w+\)/,
        waitsIn: LIBRARY,
      },
      {
        versions: '6.8 on',
        function: 'mach_get_cmos_time',
        mark: /\bmc146818_get_time\(&\w+, /,
        compiled: SHORT_TIMEOUT,
      },
    ],
  },
  {
    file: 'drivers/rtc/rtc-cmos.c',
    essential: false,
    forms: [
      { versions: '3.10 to 4.7', function: 'cmos_read_time', mark: /\bget_rtc_time\(\w+\)/, waitsIn: INLINE },
      { versions: '4.8 to 6.7', function: 'cmos_read_time', mark: /\bmc146818_get_time\(\w+\)/, waitsIn: LIBRARY },
      { versions: '6.8 on', function: 'cmos_read_time', mark: /\bmc146818_get_time\(\w+, / },
    ],
  },
  {
    file: LIBRARY,
    essential: false,
    forms: [
      { versions: '4.8 to 5.10', function: 'mc146818_get_time', mark: /\bmc146818_is_updating\(\)\) mdelay\(20\)/ },
      { versions: '5.11 to 5.16', function: 'mc146818_get_time', mark: /\bmdelay\(1\); goto again;/ },
      {
        versions: '5.17 to 6.7',
        function: 'mc146818_avoid_UIP',
        mark: /\bi < (?:\(IS_ENABLED.*?\? \d+ : )?100?\)?;/,
        compiled: FEW_POLLS,
      },
      {
        versions: '6.8 on',
        function: 'mc146818_does_rtc_work',
        mark: /\bmc146818_avoid_UIP\( ?NULL, 1000, NULL\)/,
      },
    ],
  },
  {
    file: INLINE,
    essential: false,
    forms: [{ versions: '3.10 to 4.7', function: '__get_rtc_time', mark: /\brtc_is_updating\(\)\) mdelay\(20\)/ }],
  },
];

/** The text of one function in a C source of the kernel's style, white space made single; `undefined` if it is not defined there. */
function functionText(source: string, name: string): string | undefined {
  const definition = new RegExp(`^\\w[\\w\\s*]*?\\b${name}\\([^;{]*\\)\\s*\\{.*?^\\}`, 'ms');
  return definition.exec(source)?.[0].replaceAll(/\s+/g, ' ');
}

/** The form in which `source` reads the clock; `undefined` when it is none of the reader's. */
export function formOf(reader: Reader, source: string): ReaderForm | undefined {
  return reader.forms.find(({ function: name, mark }) => mark.test(functionText(source, name) ?? ''));
}
