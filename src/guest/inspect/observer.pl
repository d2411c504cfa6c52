#!/usr/bin/perl
# Watches what a running kernel is used for, and says each thing once, when it is first seen, as a line on standard output.
# Runs as root in the guest until it reads a line or the end of its standard input. The lines: src/needs/observer-log.ts.
#
# Functions are traced by ftrace's function tracer. Every function is armed at first; one that has run is told and then taken
# out of the trace (set_ftrace_notrace), so that what stays armed is what has not run: after the first seconds that costs next
# to nothing, where a counting trigger on every function would be paid for with every call.
use strict;
use warnings;

my $wants_trace = ($ARGV[0] // 'auto') ne 'off';
my $tracing = '/sys/kernel/tracing';
$| = 1;
my (%said, %seen, %index, @pending, $pipe, $rest, $module_names);
my ($lost, $armed, $disarmed_at) = (0, 0, 0);
my $slice = 1000;

sub slurp {
  my ($file) = @_;
  open(my $in, '<', $file) or return '';
  local $/;
  my $text = <$in>;
  close($in);
  return $text // '';
}
# Kernel files take a write as a whole or say why not, and some of them only when they are closed.
sub put {
  my ($file, $text, $mode) = @_;
  open(my $out, $mode // '>', $file) or return 0;
  my $done = print {$out} $text;
  return close($out) && $done;
}
sub uptime { return (split ' ', slurp('/proc/uptime'))[0]; }
sub say_once {
  my ($kind, $what) = @_;
  return if $said{"$kind $what"}++;
  printf "%s %s %s\n", $kind, uptime(), $what;
}

# Functions go out of the trace by their place in the list, the one way that does not search the list for each of them. The
# list grows when a module is loaded, so it is read again then.
sub read_index {
  %index = ();
  open(my $in, '<', "$tracing/available_filter_functions") or return 0;
  my $place = 0;
  while (my $name = <$in>) {
    # The trace tells a function's name alone, the list also the module that it is in.
    push @{ $index{ (split ' ', $name)[0] } }, ++$place;
  }
  close($in);
  return $place;
}
sub disarm {
  return unless @pending;
  $disarmed_at = uptime();
  read_index() if $said{'index stale'};
  $said{'index stale'} = 0;
  my @places = map { @{ $index{$_} // [] } } @pending;
  @pending = ();
  put("$tracing/set_ftrace_notrace", join(' ', @places) . "\n", '>>') if @places;
}
sub drain {
  my $lines = 0;
  for (;;) {
    my $count = sysread($pipe, my $chunk, 1 << 16);
    last unless $count;
    $rest .= $chunk;
    my $end = rindex($rest, "\n");
    next if $end < 0;
    my $text = substr($rest, 0, $end);
    $rest = substr($rest, $end + 1);
    for my $line (split /\n/, $text) {
      if ($line =~ /: (\S+)(?: \[\w+\])? <-/) {
        $lines++;
        next if $seen{$1}++;
        my $function = $1;
        push @pending, $function;
        my ($comm, $at) = $line =~ /^\s*(.+)-\d+\s+\[\d+\]\s+(\d+\.\d+):/;
        printf "fn %s %s %s\n", $at // uptime(), ($comm // '?') =~ s/\s/_/gr, $function;
      } elsif ($line =~ /\[LOST (\d+) EVENTS\]/) {
        $lost += $1;
        printf "lost %s %d\n", uptime(), $1;
      }
    }
    # A flood is ended by disarming what floods, not by reading all of it.
    last if @pending > 200 || $lines > 20000;
  }
  return $lines;
}
sub start_trace {
  system('mount', '-t', 'tracefs', 'tracefs', $tracing) unless -e "$tracing/available_tracers";
  return 'it has no tracefs' unless -e "$tracing/available_tracers";
  return 'its ftrace has no function tracer' unless slurp("$tracing/available_tracers") =~ /\bfunction\b/;
  my $began = uptime();
  put("$tracing/tracing_on", '0');
  put("$tracing/current_tracer", 'nop');
  put("$tracing/buffer_size_kb", '32768');
  # The clock of /proc/uptime.
  put("$tracing/trace_clock", 'boot');
  put("$tracing/options/irq-info", '0');
  put("$tracing/options/annotate", '0');
  # Not the watcher's own calls.
  put("$tracing/set_ftrace_notrace_pid", $$);
  $armed = read_index() or return 'it does not list its functions';
  # A slice at a time: patching all functions at once would stop the machine for as long as that takes, and all of them at
  # once would call more than can be read. What is called all the time is disarmed before the next slice comes.
  put("$tracing/tracing_on", '1');
  for (my $from = 1; $from <= $armed; $from += $slice) {
    my $to = $from + $slice - 1 < $armed ? $from + $slice - 1 : $armed;
    put("$tracing/set_ftrace_filter", join(' ', $from .. $to) . "\n", $from == 1 ? '>' : '>>');
    if ($from == 1) {
      put("$tracing/current_tracer", 'function') or return "it does not take the function tracer: $!";
      sysopen($pipe, "$tracing/trace_pipe", 04000) or return "its trace cannot be read: $!";
      $rest = '';
    }
    for (1 .. 4) {
      select(undef, undef, undef, 0.02);
      drain() or last;
      disarm();
    }
  }
  # No filter is every function, those of modules to come too.
  put("$tracing/set_ftrace_filter", '');
  do { disarm() } while drain();
  printf "armed %s %d %.2f\n", uptime(), $armed, uptime() - $began;
  printf "tracing %s %d\n", uptime(), scalar keys %seen;
  return undef;
}

sub look_at_modules {
  my @names;
  for my $line (split /\n/, slurp('/proc/modules')) {
    my ($name, $size, $refs, $users) = split ' ', $line;
    push @names, $name;
    say_once('module', "$name $size $refs $users");
  }
  my $names = join ' ', @names;
  $said{'index stale'} = 1 if defined $module_names && $names ne $module_names;
  $module_names = $names;
}
sub look_at_processes {
  my %kinds;
  for my $pid (grep { /^\d+$/ } map { s{.*/}{}r } glob('/proc/[0-9]*')) {
    for my $kind (qw(cgroup ipc mnt net pid time user uts)) {
      my ($number) = (readlink("/proc/$pid/ns/$kind") // '') =~ /\[(\d+)\]$/ or next;
      next if $kinds{$kind}{$number}++ || $kind ne 'mnt';
      # The first process of a mount namespace shows what all of them have mounted.
      for my $line (split /\n/, slurp("/proc/$pid/mountinfo")) {
        my ($type) = $line =~ / - (\S+) /;
        say_once('mount', $type) if defined $type;
      }
    }
    my ($mode) = slurp("/proc/$pid/status") =~ /^Seccomp:\s+(\d)/m;
    say_once('seccomp', $mode) if $mode;
    my ($label) = slurp("/proc/$pid/attr/current") =~ /^([^\n\0]+)/;
    say_once('label', $label) if defined $label && $label ne 'unconfined';
  }
  say_once('namespace', "$_ several") for grep { keys %{ $kinds{$_} } > 1 } sort keys %kinds;
}
sub look_at_cgroups {
  my $root = '/sys/fs/cgroup';
  say_once('controller', $_) for split ' ', slurp("$root/cgroup.subtree_control");
  for my $scope (glob("$root/system.slice/docker-*.scope $root/docker/*/")) {
    say_once('delegated', $_) for split ' ', slurp("$scope/cgroup.controllers");
    for my $knob (qw(memory.max memory.swap.max memory.high memory.low pids.max cpu.max cpu.weight io.max io.weight cpuset.cpus)) {
      my ($value) = slurp("$scope/$knob") =~ /^([^\n]+)/ or next;
      say_once('knob', "$knob $value") unless $value =~ /^(?:max(?: 100000)?|0|100|default 100)$/;
    }
  }
}

printf "observer 1\n";
my $why = $wants_trace ? start_trace() : 'it was not asked for';
printf "untraced %s %s\n", uptime(), $why if defined $why;
undef $pipe if defined $why;
printf "ready %s\n", uptime();
my ($second, $rounds) = (0, 0);
for (;;) {
  my $bits = '';
  vec($bits, fileno(STDIN), 1) = 1;
  last if select($bits, undef, undef, 0.25) > 0;
  if (defined $pipe) {
    my $lines = drain();
    # Each disarming goes through all of the kernel's functions; a few calls more cost less than that.
    disarm() if $lines > 2000 || @pending > 50 || uptime() - $disarmed_at > 3;
  }
  next if time() == $second;
  $second = time();
  look_at_modules();
  if ($rounds++ % 3 == 0) {
    look_at_processes();
    look_at_cgroups();
  }
}
if (defined $pipe) {
  put("$tracing/tracing_on", '0');
  1 while drain();
  my $unseen = 0;
  for my $name (split /\n/, slurp("$tracing/set_ftrace_notrace")) {
    $unseen++ unless $seen{ (split ' ', $name)[0] // '' };
  }
  printf "traced %s %d %d %d\n", uptime(), scalar keys %seen, $lost, $unseen;
}
printf "end %s\n", uptime();
