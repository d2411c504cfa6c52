# Stands in for every fake program: tells the test what it was called with, and does as it is told until the test lets it
# go. Perl, because it starts in a hundredth of the processor time that Node takes, and a run makes dozens of calls.
#
# Texts cross the socket as hexadecimal words, so that a line is a message whatever the texts hold:
#   to the test:   <program> <working directory> <pid> <number of arguments> <argument>... <NAME=value>...
#   from the test: stdout <text> | stderr <text> | exit <code> | ignore-term
use strict;
use warnings;
use Cwd ();
use IO::Handle;
use Socket;

my ($control, $program, @args) = @ARGV;
sub word { return unpack('H*', $_[0]) || '-' }

socket(my $socket, PF_UNIX, SOCK_STREAM, 0) or exit 98;
connect($socket, pack_sockaddr_un($control)) or exit 98;
$socket->autoflush(1);
STDOUT->autoflush(1);
STDERR->autoflush(1);
my @environment = map { "$_=$ENV{$_}" } sort keys %ENV;
my @words = (word($program), word(Cwd::getcwd()), $$, scalar(@args), map { word($_) } @args, @environment);
print $socket "@words\n";

while (my $line = <$socket>) {
  my ($order, $value) = split ' ', $line;
  my $text = $order =~ /^std/ && $value ne '-' ? pack('H*', $value) : '';
  print STDOUT $text if $order eq 'stdout';
  print STDERR $text if $order eq 'stderr';
  exit $value if $order eq 'exit';
  if ($order eq 'ignore-term') {
    $SIG{TERM} = 'IGNORE';
    print $socket "ignores SIGTERM\n";
  }
}
# A test that has ended leaves nobody waiting.
exit 98;
