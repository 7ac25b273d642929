/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls on files that are open, on their attributes, and of what watches files. */
#include "stap.h"

#define WHENCE_NAMES(N) \
	N(SEEK_SET, 0) N(SEEK_CUR, 1) N(SEEK_END, 2) N(SEEK_DATA, 3) N(SEEK_HOLE, 4)
const struct stap_names stap_whence_names = STAP_NAMES(WHENCE_NAMES, STAP_ONE_OF);

#define FCNTL_NAMES(N) \
	N(F_DUPFD, 0) N(F_GETFD, 1) N(F_SETFD, 2) N(F_GETFL, 3) N(F_SETFL, 4) N(F_GETLK, 5) N(F_SETLK, 6) N(F_SETLKW, 7) \
	N(F_SETOWN, 8) N(F_GETOWN, 9) N(F_SETSIG, 10) N(F_GETSIG, 11) N(F_GETLK64, 12) N(F_SETLK64, 13) N(F_SETLKW64, 14) \
	N(F_SETOWN_EX, 15) N(F_GETOWN_EX, 16) N(F_GETOWNER_UIDS, 17) N(F_OFD_GETLK, 36) N(F_OFD_SETLK, 37) \
	N(F_OFD_SETLKW, 38) N(F_SETLEASE, 1024) N(F_GETLEASE, 1025) N(F_NOTIFY, 1026) N(F_DUPFD_QUERY, 1027) \
	N(F_CREATED_QUERY, 1028) N(F_CANCELLK, 1029) N(F_DUPFD_CLOEXEC, 1030) N(F_SETPIPE_SZ, 1031) N(F_GETPIPE_SZ, 1032) \
	N(F_ADD_SEALS, 1033) N(F_GET_SEALS, 1034) N(F_GET_RW_HINT, 1035) N(F_SET_RW_HINT, 1036) N(F_GET_FILE_RW_HINT, 1037) \
	N(F_SET_FILE_RW_HINT, 1038)
const struct stap_names stap_fcntl_names = STAP_NAMES(FCNTL_NAMES, STAP_ONE_OF);

#define DESCRIPTOR_NAMES(N) \
	N(FD_CLOEXEC, 0x1)
const struct stap_names stap_descriptor_names = STAP_NAMES(DESCRIPTOR_NAMES, 0);

#define LOCK_TYPE_NAMES(N) \
	N(F_RDLCK, 0) N(F_WRLCK, 1) N(F_UNLCK, 2)
const struct stap_names stap_lock_type_names = STAP_NAMES(LOCK_TYPE_NAMES, STAP_ONE_OF);

#define LOCK_WHENCE_NAMES(N) \
	N(SEEK_SET, 0) N(SEEK_CUR, 1) N(SEEK_END, 2)
const struct stap_names stap_lock_whence_names = STAP_NAMES(LOCK_WHENCE_NAMES, STAP_ONE_OF);

#define OWNER_NAMES(N) \
	N(F_OWNER_TID, 0) N(F_OWNER_PID, 1) N(F_OWNER_PGRP, 2)
const struct stap_names stap_owner_names = STAP_NAMES(OWNER_NAMES, STAP_ONE_OF);

#define SEALS_NAMES(N) \
	N(F_SEAL_SEAL, 0x1) N(F_SEAL_SHRINK, 0x2) N(F_SEAL_GROW, 0x4) N(F_SEAL_WRITE, 0x8) N(F_SEAL_FUTURE_WRITE, 0x10) \
	N(F_SEAL_EXEC, 0x20)
const struct stap_names stap_seals_names = STAP_NAMES(SEALS_NAMES, 0);

#define NOTIFY_NAMES(N) \
	N(DN_ACCESS, 0x1) N(DN_MODIFY, 0x2) N(DN_CREATE, 0x4) N(DN_DELETE, 0x8) N(DN_RENAME, 0x10) N(DN_ATTRIB, 0x20) \
	N(DN_MULTISHOT, 0x80000000)
const struct stap_names stap_notify_names = STAP_NAMES(NOTIFY_NAMES, 0);

#define FLOCK_NAMES(N) \
	N(LOCK_SH, 0x1) N(LOCK_EX, 0x2) N(LOCK_NB, 0x4) N(LOCK_UN, 0x8) N(LOCK_MAND, 0x20) N(LOCK_READ, 0x40) \
	N(LOCK_WRITE, 0x80)
const struct stap_names stap_flock_names = STAP_NAMES(FLOCK_NAMES, 0);

#define FALLOC_NAMES(N) \
	N(FALLOC_FL_KEEP_SIZE, 0x1) N(FALLOC_FL_PUNCH_HOLE, 0x2) N(FALLOC_FL_NO_HIDE_STALE, 0x4) \
	N(FALLOC_FL_COLLAPSE_RANGE, 0x8) N(FALLOC_FL_ZERO_RANGE, 0x10) N(FALLOC_FL_INSERT_RANGE, 0x20) \
	N(FALLOC_FL_UNSHARE_RANGE, 0x40)
const struct stap_names stap_falloc_names = STAP_NAMES(FALLOC_NAMES, 0);

#define XATTR_NAMES(N) \
	N(XATTR_CREATE, 0x1) N(XATTR_REPLACE, 0x2)
const struct stap_names stap_xattr_names = STAP_NAMES(XATTR_NAMES, 0);

#define STATX_NAMES(N) \
	N(STATX_ALL, 0xfff) N(STATX_BASIC_STATS, 0x7ff) N(STATX_TYPE, 0x1) N(STATX_MODE, 0x2) N(STATX_NLINK, 0x4) \
	N(STATX_UID, 0x8) N(STATX_GID, 0x10) N(STATX_ATIME, 0x20) N(STATX_MTIME, 0x40) N(STATX_CTIME, 0x80) \
	N(STATX_INO, 0x100) N(STATX_SIZE, 0x200) N(STATX_BLOCKS, 0x400) N(STATX_BTIME, 0x800) N(STATX_MNT_ID, 0x1000) \
	N(STATX_DIOALIGN, 0x2000) N(STATX_MNT_ID_UNIQUE, 0x4000) N(STATX_SUBVOL, 0x8000) N(STATX_WRITE_ATOMIC, 0x10000) \
	N(STATX_ATTR_VERITY, 0x100000) N(STATX_ATTR_DAX, 0x200000) N(STATX_ATTR_WRITE_ATOMIC, 0x400000)
const struct stap_names stap_statx_names = STAP_NAMES(STATX_NAMES, 0);

#define FADVISE_NAMES(N) \
	N(POSIX_FADV_NORMAL, 0) N(POSIX_FADV_RANDOM, 1) N(POSIX_FADV_SEQUENTIAL, 2) N(POSIX_FADV_WILLNEED, 3) \
	N(POSIX_FADV_DONTNEED, 4) N(POSIX_FADV_NOREUSE, 5)
const struct stap_names stap_fadvise_names = STAP_NAMES(FADVISE_NAMES, STAP_ONE_OF);

#define SPLICE_NAMES(N) \
	N(SPLICE_F_MOVE, 0x1) N(SPLICE_F_NONBLOCK, 0x2) N(SPLICE_F_MORE, 0x4) N(SPLICE_F_GIFT, 0x8)
const struct stap_names stap_splice_names = STAP_NAMES(SPLICE_NAMES, 0);

#define SYNC_RANGE_NAMES(N) \
	N(SYNC_FILE_RANGE_WAIT_BEFORE, 0x1) N(SYNC_FILE_RANGE_WRITE, 0x2) N(SYNC_FILE_RANGE_WAIT_AFTER, 0x4)
const struct stap_names stap_sync_range_names = STAP_NAMES(SYNC_RANGE_NAMES, 0);

#define TRANSFER_NAMES(N) \
	N(RWF_HIPRI, 0x1) N(RWF_DSYNC, 0x2) N(RWF_SYNC, 0x4) N(RWF_NOWAIT, 0x8) N(RWF_APPEND, 0x10) N(RWF_NOAPPEND, 0x20) \
	N(RWF_ATOMIC, 0x40)
const struct stap_names stap_transfer_names = STAP_NAMES(TRANSFER_NAMES, 0);

#define INOTIFY_INIT_NAMES(N) \
	N(IN_NONBLOCK, 0x800) N(IN_CLOEXEC, 0x80000)
const struct stap_names stap_inotify_init_names = STAP_NAMES(INOTIFY_INIT_NAMES, 0);

#define INOTIFY_NAMES(N) \
	N(IN_ACCESS, 0x1) N(IN_MODIFY, 0x2) N(IN_ATTRIB, 0x4) N(IN_CLOSE_WRITE, 0x8) N(IN_CLOSE_NOWRITE, 0x10) \
	N(IN_OPEN, 0x20) N(IN_MOVED_FROM, 0x40) N(IN_MOVED_TO, 0x80) N(IN_CREATE, 0x100) N(IN_DELETE, 0x200) \
	N(IN_DELETE_SELF, 0x400) N(IN_MOVE_SELF, 0x800) N(IN_UNMOUNT, 0x2000) N(IN_Q_OVERFLOW, 0x4000) N(IN_IGNORED, 0x8000) \
	N(IN_ONLYDIR, 0x1000000) N(IN_DONT_FOLLOW, 0x2000000) N(IN_EXCL_UNLINK, 0x4000000) N(IN_MASK_CREATE, 0x10000000) \
	N(IN_MASK_ADD, 0x20000000) N(IN_ISDIR, 0x40000000) N(IN_ONESHOT, 0x80000000)
const struct stap_names stap_inotify_names = STAP_NAMES(INOTIFY_NAMES, 0);

#define FANOTIFY_INIT_NAMES(N) \
	N(FAN_CLASS_NOTIF, 0x0) N(FAN_CLASS_CONTENT, 0x4) N(FAN_CLASS_PRE_CONTENT, 0x8) N(FAN_CLOEXEC, 0x1) \
	N(FAN_NONBLOCK, 0x2) N(FAN_UNLIMITED_QUEUE, 0x10) N(FAN_UNLIMITED_MARKS, 0x20) N(FAN_ENABLE_AUDIT, 0x40) \
	N(FAN_REPORT_PIDFD, 0x80) N(FAN_REPORT_TID, 0x100) N(FAN_REPORT_FID, 0x200) N(FAN_REPORT_DIR_FID, 0x400) \
	N(FAN_REPORT_NAME, 0x800) N(FAN_REPORT_TARGET_FID, 0x1000)
const struct stap_names stap_fanotify_init_names = STAP_NAMES(FANOTIFY_INIT_NAMES, 0xc);

#define FANOTIFY_MARK_NAMES(N) \
	N(FAN_MARK_ADD, 0x1) N(FAN_MARK_REMOVE, 0x2) N(FAN_MARK_DONT_FOLLOW, 0x4) N(FAN_MARK_ONLYDIR, 0x8) \
	N(FAN_MARK_MOUNT, 0x10) N(FAN_MARK_IGNORED_MASK, 0x20) N(FAN_MARK_IGNORED_SURV_MODIFY, 0x40) N(FAN_MARK_FLUSH, 0x80) \
	N(FAN_MARK_FILESYSTEM, 0x100) N(FAN_MARK_EVICTABLE, 0x200) N(FAN_MARK_IGNORE, 0x400)
const struct stap_names stap_fanotify_mark_names = STAP_NAMES(FANOTIFY_MARK_NAMES, 0);

#define FANOTIFY_NAMES(N) \
	N(FAN_ACCESS, 0x1) N(FAN_MODIFY, 0x2) N(FAN_ATTRIB, 0x4) N(FAN_CLOSE_WRITE, 0x8) N(FAN_CLOSE_NOWRITE, 0x10) \
	N(FAN_OPEN, 0x20) N(FAN_MOVED_FROM, 0x40) N(FAN_MOVED_TO, 0x80) N(FAN_CREATE, 0x100) N(FAN_DELETE, 0x200) \
	N(FAN_DELETE_SELF, 0x400) N(FAN_MOVE_SELF, 0x800) N(FAN_OPEN_EXEC, 0x1000) N(FAN_Q_OVERFLOW, 0x4000) \
	N(FAN_FS_ERROR, 0x8000) N(FAN_OPEN_PERM, 0x10000) N(FAN_ACCESS_PERM, 0x20000) N(FAN_OPEN_EXEC_PERM, 0x40000) \
	N(FAN_EVENT_ON_CHILD, 0x8000000) N(FAN_RENAME, 0x10000000) N(FAN_ONDIR, 0x40000000)
const struct stap_names stap_fanotify_names = STAP_NAMES(FANOTIFY_NAMES, 0);

#define CLOSE_RANGE_NAMES(N) \
	N(CLOSE_RANGE_UNSHARE, 0x2) N(CLOSE_RANGE_CLOEXEC, 0x4)
const struct stap_names stap_close_range_names = STAP_NAMES(CLOSE_RANGE_NAMES, 0);

#define DUP3_NAMES(N) \
	N(O_CLOEXEC, 0x80000)
const struct stap_names stap_dup3_names = STAP_NAMES(DUP3_NAMES, 0);

#define PIPE2_NAMES(N) \
	N(O_NONBLOCK, 0x800) N(O_DIRECT, 0x4000) N(O_CLOEXEC, 0x80000) N(O_NOTIFICATION_PIPE, 0x80)
const struct stap_names stap_pipe2_names = STAP_NAMES(PIPE2_NAMES, 0);

#define EVENTFD_NAMES(N) \
	N(EFD_SEMAPHORE, 0x1) N(EFD_NONBLOCK, 0x800) N(EFD_CLOEXEC, 0x80000)
const struct stap_names stap_eventfd_names = STAP_NAMES(EVENTFD_NAMES, 0);

static const struct stap_field stap_lock_fields[] = {
	STAP_FIELD("l_type", STAP_S16, .names = &stap_lock_type_names),
	STAP_FIELD("l_whence", STAP_S16, .names = &stap_lock_whence_names),
	STAP_FIELD("l_start", STAP_SWORD),
	STAP_FIELD("l_len", STAP_SWORD),
	STAP_FIELDS_END
};

/* The same of 64 bits, for a 32-bit caller. */
static const struct stap_field stap_lock64_fields[] = {
	STAP_FIELD("l_type", STAP_S16, .names = &stap_lock_type_names),
	STAP_FIELD("l_whence", STAP_S16, .names = &stap_lock_whence_names),
	STAP_FIELD("l_start", STAP_S64),
	STAP_FIELD("l_len", STAP_S64),
	STAP_FIELDS_END
};

static const struct stap_field stap_owner_fields[] = {
	STAP_FIELD("type", STAP_S32, .names = &stap_owner_names),
	STAP_FIELD("pid", STAP_S32),
	STAP_FIELDS_END
};

/* fcntl(2)'s argument, by its command; those that want none leave it out. */
void stap_text_fcntl(struct stap_text *t, stap_long argument, stap_long command)
{
	switch ((int)command) {
	case 1: case 3: case 9: case 11: case 1025: case 1028: case 1032: case 1034: /* F_GETFD, F_GETFL … */
		break;
	case 0: case 8: case 1029: case 1030: case 1031: case 1027: /* F_DUPFD, F_SETOWN … */
		stap_text_decimal(t, (int)argument);
		break;
	case 2:
		stap_text_flags(t, (unsigned int)argument, &stap_descriptor_names);
		break;
	case 4:
		stap_text_flags(t, (unsigned int)argument, &stap_open_names);
		break;
	case 6: case 7: case 37: case 38: case 5: case 36:
		stap_text_struct(t, argument, stap_lock_fields);
		break;
	case 12: case 13: case 14:
		stap_text_struct(t, argument, stap_lock64_fields);
		break;
	case 10:
		stap_text_signal(t, argument);
		break;
	case 15:
		stap_text_struct(t, argument, stap_owner_fields);
		break;
	case 1024:
		stap_text_flags(t, (unsigned int)argument, &stap_lock_type_names);
		break;
	case 1026:
		stap_text_flags(t, (unsigned int)argument, &stap_notify_names);
		break;
	case 1033:
		stap_text_flags(t, (unsigned int)argument, &stap_seals_names);
		break;
	default:
		stap_text_hex(t, argument);
	}
}

void stap_text_fanotify_open(struct stap_text *t, stap_long flags)
{
	stap_text_flags(t, (unsigned int)flags, &stap_open_names);
}

/* Where a call reads from or writes to, as a number that it changes. */
void stap_text_offset(struct stap_text *t, stap_long address)
{
	stap_ulong value;

	if (!address || !stap_text_read_number(&value, address, 8)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "[");
	stap_text_decimal(t, value);
	stap_text_close(t, "]");
}

/* The same as a long of the caller's. */
void stap_text_short_offset(struct stap_text *t, stap_long address)
{
	stap_text_numbers(t, address, 1, STAP_SWORD, stap_text_decimal);
}

void stap_text_cache_range(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = { STAP_FIELD("off", STAP_U64), STAP_FIELD("len", STAP_U64), STAP_FIELDS_END };

	stap_text_struct(t, address, fields);
}
