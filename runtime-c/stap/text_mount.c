/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls on file systems: mounts, swap, quotas. */
#include "stap.h"

#define MOUNT_NAMES(N) \
	N(MS_RDONLY, 0x1) N(MS_NOSUID, 0x2) N(MS_NODEV, 0x4) N(MS_NOEXEC, 0x8) N(MS_SYNCHRONOUS, 0x10) N(MS_REMOUNT, 0x20) \
	N(MS_MANDLOCK, 0x40) N(MS_DIRSYNC, 0x80) N(MS_NOSYMFOLLOW, 0x100) N(MS_NOATIME, 0x400) N(MS_NODIRATIME, 0x800) \
	N(MS_BIND, 0x1000) N(MS_MOVE, 0x2000) N(MS_REC, 0x4000) N(MS_SILENT, 0x8000) N(MS_POSIXACL, 0x10000) \
	N(MS_UNBINDABLE, 0x20000) N(MS_PRIVATE, 0x40000) N(MS_SLAVE, 0x80000) N(MS_SHARED, 0x100000) \
	N(MS_RELATIME, 0x200000) N(MS_KERNMOUNT, 0x400000) N(MS_I_VERSION, 0x800000) N(MS_STRICTATIME, 0x1000000) \
	N(MS_LAZYTIME, 0x2000000) N(MS_SUBMOUNT, 0x4000000) N(MS_NOREMOTELOCK, 0x8000000) N(MS_NOSEC, 0x10000000) \
	N(MS_BORN, 0x20000000) N(MS_ACTIVE, 0x40000000) N(MS_NOUSER, 0xffffffff80000000ULL)
const struct stap_names stap_mount_names = STAP_NAMES(MOUNT_NAMES, 0);

#define UMOUNT_NAMES(N) \
	N(MNT_FORCE, 0x1) N(MNT_DETACH, 0x2) N(MNT_EXPIRE, 0x4) N(UMOUNT_NOFOLLOW, 0x8)
const struct stap_names stap_umount_names = STAP_NAMES(UMOUNT_NAMES, 0);

#define FSOPEN_NAMES(N) \
	N(FSOPEN_CLOEXEC, 0x1)
const struct stap_names stap_fsopen_names = STAP_NAMES(FSOPEN_NAMES, 0);

#define FSMOUNT_NAMES(N) \
	N(FSMOUNT_CLOEXEC, 0x1)
const struct stap_names stap_fsmount_names = STAP_NAMES(FSMOUNT_NAMES, 0);

#define MOUNT_ATTRIBUTES_NAMES(N) \
	N(MOUNT_ATTR_NOATIME, 0x10) N(MOUNT_ATTR_STRICTATIME, 0x20) N(MOUNT_ATTR_RDONLY, 0x1) \
	N(MOUNT_ATTR_NOSUID, 0x2) N(MOUNT_ATTR_NODEV, 0x4) N(MOUNT_ATTR_NOEXEC, 0x8) N(MOUNT_ATTR_NODIRATIME, 0x80) \
	N(MOUNT_ATTR_IDMAP, 0x100000) N(MOUNT_ATTR_NOSYMFOLLOW, 0x200000)
const struct stap_names stap_mount_attributes_names = STAP_NAMES(MOUNT_ATTRIBUTES_NAMES, 0x70);

#define PROPAGATION_NAMES(N) \
	N(MS_UNBINDABLE, 0x20000) N(MS_PRIVATE, 0x40000) N(MS_SLAVE, 0x80000) N(MS_SHARED, 0x100000)
const struct stap_names stap_propagation_names = STAP_NAMES(PROPAGATION_NAMES, STAP_ONE_OF);

#define MOVE_MOUNT_NAMES(N) \
	N(MOVE_MOUNT_F_SYMLINKS, 0x1) N(MOVE_MOUNT_F_AUTOMOUNTS, 0x2) N(MOVE_MOUNT_F_EMPTY_PATH, 0x4) \
	N(MOVE_MOUNT_T_SYMLINKS, 0x10) N(MOVE_MOUNT_T_AUTOMOUNTS, 0x20) N(MOVE_MOUNT_T_EMPTY_PATH, 0x40) \
	N(MOVE_MOUNT_SET_GROUP, 0x100) N(MOVE_MOUNT_BENEATH, 0x200)
const struct stap_names stap_move_mount_names = STAP_NAMES(MOVE_MOUNT_NAMES, 0);

#define OPEN_TREE_NAMES(N) \
	N(OPEN_TREE_CLONE, 0x1) N(OPEN_TREE_CLOEXEC, 0x80000) N(AT_SYMLINK_NOFOLLOW, 0x100) N(AT_NO_AUTOMOUNT, 0x800) \
	N(AT_EMPTY_PATH, 0x1000) N(AT_RECURSIVE, 0x8000)
const struct stap_names stap_open_tree_names = STAP_NAMES(OPEN_TREE_NAMES, 0);

#define FSPICK_NAMES(N) \
	N(FSPICK_CLOEXEC, 0x1) N(FSPICK_SYMLINK_NOFOLLOW, 0x2) N(FSPICK_NO_AUTOMOUNT, 0x4) N(FSPICK_EMPTY_PATH, 0x8)
const struct stap_names stap_fspick_names = STAP_NAMES(FSPICK_NAMES, 0);

#define FSCONFIG_NAMES(N) \
	N(FSCONFIG_SET_FLAG, 0) N(FSCONFIG_SET_STRING, 1) N(FSCONFIG_SET_BINARY, 2) N(FSCONFIG_SET_PATH, 3) \
	N(FSCONFIG_SET_PATH_EMPTY, 4) N(FSCONFIG_SET_FD, 5) N(FSCONFIG_CMD_CREATE, 6) N(FSCONFIG_CMD_RECONFIGURE, 7) \
	N(FSCONFIG_CMD_CREATE_EXCL, 8)
const struct stap_names stap_fsconfig_names = STAP_NAMES(FSCONFIG_NAMES, STAP_ONE_OF);

#define STATMOUNT_NAMES(N) \
	N(STATMOUNT_SB_BASIC, 0x1) N(STATMOUNT_MNT_BASIC, 0x2) N(STATMOUNT_PROPAGATE_FROM, 0x4) N(STATMOUNT_MNT_ROOT, 0x8) \
	N(STATMOUNT_MNT_POINT, 0x10) N(STATMOUNT_FS_TYPE, 0x20) N(STATMOUNT_MNT_NS_ID, 0x40) N(STATMOUNT_MNT_OPTS, 0x80)
const struct stap_names stap_statmount_names = STAP_NAMES(STATMOUNT_NAMES, 0);

#define SWAP_NAMES(N) \
	N(SWAP_FLAG_PREFER, 0x8000) N(SWAP_FLAG_DISCARD, 0x10000) N(SWAP_FLAG_DISCARD_ONCE, 0x20000) \
	N(SWAP_FLAG_DISCARD_PAGES, 0x40000)
const struct stap_names stap_swap_names = STAP_NAMES(SWAP_NAMES, 0);

#define QUOTA_NAMES(N) \
	N(Q_SYNC, 0x800001) N(Q_QUOTAON, 0x800002) N(Q_QUOTAOFF, 0x800003) N(Q_GETFMT, 0x800004) N(Q_GETINFO, 0x800005) \
	N(Q_SETINFO, 0x800006) N(Q_GETQUOTA, 0x800007) N(Q_SETQUOTA, 0x800008) N(Q_GETNEXTQUOTA, 0x800009) \
	N(Q_XQUOTAON, 0x5801) N(Q_XQUOTAOFF, 0x5802) N(Q_XGETQUOTA, 0x5803) N(Q_XSETQLIM, 0x5804) N(Q_XGETQSTAT, 0x5805) \
	N(Q_XQUOTARM, 0x5806) N(Q_XQUOTASYNC, 0x5807) N(Q_XGETQSTATV, 0x5808) N(Q_XGETNEXTQUOTA, 0x5809)
const struct stap_names stap_quota_names = STAP_NAMES(QUOTA_NAMES, STAP_ONE_OF);

#define QUOTA_TYPE_NAMES(N) \
	N(USRQUOTA, 0) N(GRPQUOTA, 1) N(PRJQUOTA, 2)
const struct stap_names stap_quota_type_names = STAP_NAMES(QUOTA_TYPE_NAMES, STAP_ONE_OF);

/* What mount(2) passes to a file system: a text, unless the mount is only changed. */
void stap_text_mount_data(struct stap_text *t, stap_long address, stap_long flags)
{
	if (!address || flags & 0x3000) /* MS_BIND, MS_MOVE */
		stap_text_pointer(t, address);
	else
		stap_text_string(t, address);
}

void stap_text_mount_attributes(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("attr_set", STAP_U64, .names = &stap_mount_attributes_names),
		STAP_FIELD("attr_clr", STAP_U64, .names = &stap_mount_attributes_names),
		STAP_FIELD("propagation", STAP_U64, .names = &stap_propagation_names),
		STAP_FIELD("userns_fd", STAP_U64),
		STAP_FIELDS_END
	};

	stap_text_struct(t, address, fields);
}

/* What statmount(2) is asked for. */
void stap_text_mount_request(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("size", STAP_U32), STAP_FIELD(0, STAP_U32), STAP_FIELD("mnt_id", STAP_FIXED, .write = stap_text_hex),
		STAP_FIELD("param", STAP_FIXED, .names = &stap_statmount_names), STAP_FIELDS_END
	};

	stap_text_struct(t, address, fields);
}

/* The value of fsconfig(2), by its command. */
void stap_text_fsconfig_value(struct stap_text *t, stap_long address, stap_long command, stap_long auxiliary)
{
	switch ((int)command) {
	case 1: case 3: case 4:
		stap_text_string(t, address);
		break;
	case 2:
		stap_text_buffer(t, address, auxiliary);
		break;
	default:
		stap_text_pointer(t, address);
	}
}

void stap_text_fsconfig_auxiliary(struct stap_text *t, stap_long value, stap_long command)
{
	if (command == 3 || command == 4)
		stap_text_dirfd(t, value);
	else
		stap_text_decimal(t, (int)value);
}

/* A path or NULL. */
void stap_text_optional(struct stap_text *t, stap_long address)
{
	if (address)
		stap_text_string(t, address);
	else
		stap_text_pointer(t, address);
}

void stap_text_swap(struct stap_text *t, stap_long value)
{
	unsigned int flags = value;

	stap_text_flags(t, flags & ~0x7fffU, &stap_swap_names);
	if (flags & 0x7fff) {
		stap_text_put(t, "|", 1);
		stap_text_unsigned(t, flags & 0x7fff);
	}
}

void stap_text_quota(struct stap_text *t, stap_long value)
{
	unsigned int command = value;

	stap_text_plain(t, "QCMD(");
	/* of the standard ones, glibc's numbers have bit 23 set */
	stap_text_flags(t, command >> 8, &stap_quota_names);
	stap_text_plain(t, ", ");
	stap_text_flags(t, command & 0xff, &stap_quota_type_names);
	stap_text_put(t, ")", 1);
}
