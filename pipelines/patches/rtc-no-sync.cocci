// RTC no-sync: read the CMOS clock at boot without waiting for its update cycle, behind CONFIG_RTC_NO_SYNC_ON_READ.
//
// The thesis removed the wait for a second's edge from get_cmos_time(). That wait (up to 1 s) left mainline x86 in
// 2.6.17; what is left differs by version, so each form has rules of its own here. src/kernel/rtc-forms.ts is the table
// of the forms: a tree with a reader whose form is not in it, or that these rules leave as it was, is refused.
//
// Every change tests IS_ENABLED(): with the symbol off the compiler emits what it emitted before. With it on, no loop is
// left that only the clock can end: an absent one reads as 0xff, which is an update that never ends.
//
// Torn reads. UIP (update in progress) says that the registers may change under the reader: 10:59:59 may be read as
// 10:00:00. The forms that lose their look at UIP read the seconds again after the last register, and all of them again
// if they differ: twice at most, since an update takes 2 ms and comes once a second. What a real chip answers in the
// middle of its update may be wrong twice in the same way; QEMU's registers change in one step.

// ---- Form of 3.10 to 6.0: mach_get_cmos_time() reads by itself, after a loop without an end -------

@ open_coded @
identifier flags, sec, status;
@@
  mach_get_cmos_time(...)
  {
    ...
    unsigned long flags;
+   unsigned int rereads = 0;
    ...
-   while ((CMOS_READ(RTC_FREQ_SELECT) & RTC_UIP))
+   while (!IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) && (CMOS_READ(RTC_FREQ_SELECT) & RTC_UIP))
      cpu_relax();
+ reread:
    sec = CMOS_READ(RTC_SECONDS);
    ...
    status = CMOS_READ(RTC_CONTROL);
+   if (IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) && sec != CMOS_READ(RTC_SECONDS) && rereads++ < 2)
+     goto reread;
    ...
  }

// ---- Form of 3.10 to 5.10: the drivers' reader waits 20 ms if it comes upon an update -------------
//
// Until 4.7 an inline function in include/asm-generic/rtc.h, from 4.8 on the library's.

@ sleep_if_updating @
identifier reader =~ "^(__get_rtc_time|get_rtc_time|mc146818_get_time)$";
identifier updating =~ "^(rtc|mc146818)_is_updating$";
identifier flags, time, ctrl;
@@
  reader(struct rtc_time *time)
  {
    ...
    unsigned long flags;
+   unsigned int rereads = 0;
    ...
-   if (updating())
+   if (!IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) && updating())
      mdelay(20);
    spin_lock_irqsave(...);
+ reread:
    time->tm_sec = CMOS_READ(RTC_SECONDS);
    ...
    ctrl = CMOS_READ(RTC_CONTROL);
+   if (IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) && time->tm_sec != CMOS_READ(RTC_SECONDS) && rereads++ < 2)
+     goto reread;
    ...
  }

// ---- Form of 5.11 to 5.16: mc146818_get_time() begins again until no update is in its way ---------
//
// Three ways lead back to the beginning, the first of them 1 ms later. The looks at UIP go; what compares the seconds
// stays, and gives up after two rounds.

@ begin_again @
symbol again;
identifier flags, time, retry;
@@
  mc146818_get_time(struct rtc_time *time)
  {
    ...
    unsigned long flags;
+   unsigned int rereads = 0;
    ...
    if (
-       CMOS_READ(RTC_FREQ_SELECT) & RTC_UIP
+       !IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) && (CMOS_READ(RTC_FREQ_SELECT) & RTC_UIP)
       )
    {
      ...
      goto again;
    }
    if (
-       time->tm_sec != CMOS_READ(RTC_SECONDS)
+       time->tm_sec != CMOS_READ(RTC_SECONDS) && !(IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) && rereads++ >= 2)
       )
    {
      ...
      goto again;
    }
    ...
-   retry = CMOS_READ(RTC_FREQ_SELECT) & RTC_UIP;
+   retry = !IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) && (CMOS_READ(RTC_FREQ_SELECT) & RTC_UIP);
    ...
    if (
-       retry
+       retry && !(IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) && rereads++ >= 2)
       )
      goto again;
    ...
  }

// ---- Form of 5.17 to 6.7: mc146818_avoid_UIP() gives up after 10 ms -------------------------------
//
// 10 polls 1 ms apart, later 100 polls 100 us apart; on the way to this form the probe had such a loop of its own. A
// healthy clock shows UIP for at most 2.2 ms (Motorola MC146818A: 244 us ahead + 1984 us update), so polling for 3 ms
// still never fails on one. UIP is looked at as before, so nothing can be torn.

@ polls_of_1_ms @
identifier poller =~ "^mc146818_(avoid_UIP|does_rtc_work)$";
identifier i;
@@
  poller(...)
  {
    <+...
    for (i = 0;
-        i < 10
+        i < (IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) ? 4 : 10)
         ; i++) { ... }
    ...+>
  }

@ polls_of_100_us @
identifier i;
@@
  mc146818_avoid_UIP(...)
  {
    <+...
    for (i = 0;
-        i < 100
+        i < (IS_ENABLED(CONFIG_RTC_NO_SYNC_ON_READ) ? 30 : 100)
         ; i++) { ... }
    ...+>
  }

// ---- Form of 6.8 on, and of stable 6.1: mc146818_get_time(time, timeout in ms) polls every 100 us --
//
// A healthy clock shows UIP for at most 2.2 ms, so 3 ms still never fails on one; a clock that is absent or broken costs
// 3 ms a read instead of 1 s.

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
