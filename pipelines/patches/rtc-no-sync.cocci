// RTC no-sync: read the CMOS clock at boot without waiting for its update cycle, behind CONFIG_RTC_NO_SYNC_ON_READ.
//
// The thesis removed the wait for a second's edge from get_cmos_time(). That wait (up to 1 s) left mainline x86 in
// 2.6.17; what is left differs by version, so each form has rules of its own here. A file none of whose rules match is
// left as it is, and src/kernel/patch.ts refuses a tree in which the boot reader was not changed.
//
// Every change tests IS_ENABLED(): with the symbol off the compiler emits what it emitted before.

// ---- Form of 6.1: mc146818_get_time(time, timeout in ms) polls UIP every 100 us -------------------
//
// A healthy clock shows UIP for at most 2.2 ms (Motorola MC146818A: 244 us ahead + 1984 us update), so 3 ms still never
// fails on one; a clock that is absent or broken costs 3 ms a read instead of 1 s.

@ timeout_get_time @
identifier reader =~ "^(mach_get_cmos_time|cmos_read_time)$";
expression time;
@@
  reader(...)
  {
    <+...
    mc146818_get_time(time,
-     1000
+     IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) ? 3 : 1000
    )
    ...+>
  }

// rtc-cmos's probe asks first whether the clock works at all, by waiting for UIP to fall.
@ timeout_probe @
@@
  mc146818_does_rtc_work(void)
  {
    return
-     mc146818_avoid_UIP(NULL, 1000, NULL)
+     IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) || mc146818_avoid_UIP(NULL, 1000, NULL)
    ;
  }
