# /scripts/drydock: with boot=drydock it takes the place of mounting the root, in Debian's initrd (initramfs-tools(7)) and in
# drydock's own. The boot is over here: say when, print the kernel log, and wait to be ended.
mountroot() {
  [ ! -c /dev/kmsg ] || echo '<6>drydock: hand-over' > /dev/kmsg
  /drydock/clock > /dev/console
  read -r _ _ release _ < /proc/version
  echo "drydock: kernel $release" > /dev/console
  if [ -c /dev/kmsg ]; then
    echo 'drydock: log begin' > /dev/console
    dmesg > /dev/console
  fi
  echo 'drydock: log end' > /dev/console
  while :; do sleep 3600; done
}
