#!/bin/sh
# drydock's initrd: /init, also /linuxrc (rdinit=/linuxrc). Mounts the root file system and hands over to the guest's init.
# Where it is not process 1, the kernel runs it out of an old-style initrd, a file system in a RAM disk
# (init/do_mounts_initrd.c); then it finds the root, tells the kernel, ends, and the kernel does the rest.
# Its time is measured, so it forks as little as it can: reading, testing and choosing are builtins of BusyBox's ash.
# Two lines are read by drydock itself and must keep their beginnings: "drydock: root " and "drydock: init ", both fatal.

PATH=/bin
export PATH

# Kernel log, at a level that a quiet console does not show. A kernel without printk has none.
note() { [ ! -c /dev/kmsg ] || echo "<6>drydock: $1" > /dev/kmsg; }

# Straight to the console, whatever loglevel= says, then a shell for whoever sits there.
give_up() {
  echo "$1"
  echo 'A shell follows, to look around; drydock ends this boot.'
  exec setsid cttyhack sh
}

mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
note 'initrd start'
read -r cmdline < /proc/cmdline

root='' fstype='' flags='' access=ro init='' wait_sec=10 boot=''
for word in $cmdline; do
  case $word in
    root=*) root=${word#root=} ;;
    rootfstype=*) fstype=${word#rootfstype=} ;;
    rootflags=*) flags=${word#rootflags=} ;;
    rootdelay=*) wait_sec=${word#rootdelay=} ;;
    rootwait) wait_sec=forever ;;
    ro | rw) access=$word ;;
    init=*) init=${word#init=} ;;
    boot=*) boot=${word#boot=} ;;
  esac
done

need_sys() { [ -d /sys/block ] || mount -t sysfs sysfs /sys; }

if [ -f /etc/modules-load ]; then
  while read -r module; do
    insmod "$module" 2> /dev/null || note "module $module was not loaded"
  done < /etc/modules-load
fi

# As in initramfs-tools(7), boot=NAME lets /scripts/NAME take the place of mounting the root. A boot on the virtual clock
# ends there, in this initrd and in Debian's alike.
if [ -n "$boot" ] && [ -f "/scripts/$boot" ]; then
  . "/scripts/$boot"
  mountroot
fi

# What lies on disk $1 at byte $2, $3 bytes long, in od's form $4 (x86 is little-endian, and so are GPT and MBR).
disk_field() {
  set -- $(dd if="$1" bs=1 skip="$2" count="$3" 2> /dev/null | od -An -v -t"$4")
  field=''
  for part; do field=$field$part; done
}

# The PARTUUID of partition $2 of disk $1, as the kernel makes it (block/partitions/efi.c and msdos.c).
partition_uuid() {
  read -r sector < "/sys/class/block/${1#/dev/}/queue/logical_block_size"
  disk_field "$1" "$sector" 8 x1
  if [ "$field" = 4546492050415254 ]; then # "EFI PART", the GPT header's signature
    disk_field "$1" $((sector + 72)) 8 u8
    table=$((field * sector))
    disk_field "$1" $((sector + 84)) 4 u4
    entry=$((table + ($2 - 1) * field + 16))
    # A GUID's first three fields are little-endian, its last eight bytes are in order (UEFI 2.10, appendix A).
    disk_field "$1" "$entry" 4 x4
    uuid=$field
    disk_field "$1" $((entry + 4)) 2 x2
    uuid=$uuid-$field
    disk_field "$1" $((entry + 6)) 2 x2
    uuid=$uuid-$field
    disk_field "$1" $((entry + 8)) 2 x1
    uuid=$uuid-$field
    disk_field "$1" $((entry + 10)) 6 x1
    uuid=$uuid-$field
  else
    disk_field "$1" 440 4 x4
    uuid=$(printf '%s-%02x' "$field" "$2")
  fi
}

# Looks through all partitions: by PARTUUID, which 6.1 does not show in sysfs, or by PARTNAME, which it does.
find_partition() {
  need_sys
  for dir in /sys/class/block/*; do
    [ -f "$dir/partition" ] || continue
    if [ "$1" = PARTLABEL ]; then
      while IFS='=' read -r key value; do
        [ "$key" = PARTNAME ] && [ "$value" = "$2" ] && device=/dev/${dir##*/}
      done < "$dir/uevent"
    else
      read -r index < "$dir/partition"
      disk=$(readlink -f "$dir")
      disk=${disk%/*}
      partition_uuid "/dev/${disk##*/}" "$index"
      [ "$uuid" = "$2" ] && device=/dev/${dir##*/}
    fi
    [ -z "$device" ] || return 0
  done
  return 1
}

find_root() {
  device=''
  case $root in
    /dev/*) [ -b "$root" ] && device=$root ;;
    UUID=* | LABEL=*) device=$(findfs "$root" 2> /dev/null) ;;
    PARTUUID=*) find_partition PARTUUID "$(echo "${root#PARTUUID=}" | tr A-F a-f)" ;;
    PARTLABEL=*) find_partition PARTLABEL "${root#PARTLABEL=}" ;;
  esac
  [ -n "$device" ]
}

uptime_sec() {
  read -r now _ < /proc/uptime
  now=${now%.*}
}

if [ -z "$root" ]; then
  give_up 'drydock: root is not named on the command line; add root=/dev/vda, root=UUID=..., LABEL=, PARTUUID= or PARTLABEL='
fi

if ! find_root; then
  uptime_sec
  start=$now
  until find_root; do
    uptime_sec
    if [ "$wait_sec" != forever ] && [ $((now - start)) -ge "$wait_sec" ]; then
      need_sys
      seen=''
      for dir in /sys/class/block/*; do
        # RAM disks are there without any driver of a disk.
        case $dir in */ram* | */\*) ;; *) seen="$seen ${dir##*/}" ;; esac
      done
      if [ -z "$seen" ]; then
        give_up "drydock: root $root not found; block devices seen: none; is VIRTIO_BLK built in?"
      fi
      give_up "drydock: root $root not found; block devices seen:$seen; is root= right?"
    fi
    usleep 20000
  done
fi

# The kernel read root= before there were modules, and knows neither UUID= nor LABEL=: it is told the device's number, as
# new_encode_dev() makes it (include/linux/kdev_t.h), and mounts that, with rootfstype= and rootflags= as it knows them.
leave_to_kernel() {
  need_sys
  IFS=: read -r major minor < "/sys/class/block/${device##*/}/dev"
  echo $((major << 8 | minor & 255 | (minor & ~255) << 12)) > /proc/sys/kernel/real-root-dev
  note "initrd leaves $device to the kernel"
  umount /sys
  umount /dev
  umount /proc
  exit 0
}
[ $$ = 1 ] || leave_to_kernel

# Without rootfstype= the usual ones first: "auto" would try ext3 on ext4 and leave errors in the kernel log.
mounted=''
IFS=,
for type in ${fstype:-ext4,xfs,btrfs,auto}; do
  if why=$(mount -t "$type" -o "$access${flags:+,$flags}" "$device" /newroot 2>&1); then
    mounted=$type
    break
  fi
done
unset IFS
if [ -z "$mounted" ]; then
  give_up "drydock: root $root could not be mounted as ${fstype:-ext4, xfs, btrfs or any other type}: ${why##*: }; is its file system (EXT4_FS) built in?"
fi

# True when $1 is a program on the new root; its links are followed there, not here.
is_program() {
  target=$1
  for _ in 1 2 3 4 5 6 7 8; do
    [ -L "/newroot$target" ] || break
    link=$(readlink "/newroot$target")
    case $link in
      /*) target=$link ;;
      *) target=${target%/*}/$link ;;
    esac
  done
  [ -f "/newroot$target" ] && [ -x "/newroot$target" ]
}

if [ -n "$init" ]; then
  is_program "$init" || give_up "drydock: init $init is not on the root file system $device"
else
  for init in /sbin/init /etc/init /bin/init /bin/sh ''; do is_program "$init" && break; done
  [ -n "$init" ] || give_up "drydock: init /sbin/init is not on the root file system $device, nor is any other"
fi

[ -d /sys/block ] && mount --move /sys /newroot/sys
mount --move /proc /newroot/proc
note 'initrd switching root'
mount --move /dev /newroot/dev
exec switch_root /newroot "$init"
