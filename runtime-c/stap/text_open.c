/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls that open and name files: folders, flags, modes. */
#include "stap.h"

#ifdef __aarch64__
#define STAP_O_DIRECTORY 0x4000
#define STAP_O_NOFOLLOW 0x8000
#define STAP_O_DIRECT 0x10000
#define STAP_O_LARGEFILE 0x20000
#else
#define STAP_O_DIRECT 0x4000
#define STAP_O_LARGEFILE 0x8000
#define STAP_O_DIRECTORY 0x10000
#define STAP_O_NOFOLLOW 0x20000
#endif
#define STAP_O_CREAT 0x40
#define STAP_O_TMPFILE 0x400000

#define OPEN_NAMES(N) \
	N(O_RDONLY, 0) N(O_WRONLY, 1) N(O_RDWR, 2) N(O_ACCMODE, 3) N(O_CREAT, STAP_O_CREAT) N(O_EXCL, 0x80) N(O_NOCTTY, 0x100) \
	N(O_TRUNC, 0x200) N(O_APPEND, 0x400) N(O_NONBLOCK, 0x800) N(O_SYNC, 0x101000) N(O_DSYNC, 0x1000) N(__O_SYNC, 0x100000) \
	N(O_ASYNC, 0x2000) N(O_DIRECT, STAP_O_DIRECT) N(O_LARGEFILE, STAP_O_LARGEFILE) N(O_NOFOLLOW, STAP_O_NOFOLLOW) \
	N(O_NOATIME, 0x40000) N(O_CLOEXEC, 0x80000) N(O_PATH, 0x200000) N(O_TMPFILE, STAP_O_TMPFILE | STAP_O_DIRECTORY) \
	N(O_DIRECTORY, STAP_O_DIRECTORY) N(__O_TMPFILE, STAP_O_TMPFILE)
const struct stap_names stap_open_names = STAP_NAMES(OPEN_NAMES, 3);

#define ACCESS_NAMES(N) \
	N(F_OK, 0x0) N(R_OK, 0x4) N(W_OK, 0x2) N(X_OK, 0x1)
const struct stap_names stap_access_names = STAP_NAMES(ACCESS_NAMES, 0);

#define AT_NAMES(N) \
	N(AT_SYMLINK_NOFOLLOW, 0x100) N(AT_SYMLINK_FOLLOW, 0x400) N(AT_NO_AUTOMOUNT, 0x800) N(AT_EMPTY_PATH, 0x1000) \
	N(AT_RECURSIVE, 0x8000)
const struct stap_names stap_at_names = STAP_NAMES(AT_NAMES, 0);

#define ACCESS_AT_NAMES(N) \
	N(AT_SYMLINK_NOFOLLOW, 0x100) N(AT_EACCESS, 0x200) N(AT_SYMLINK_FOLLOW, 0x400) N(AT_NO_AUTOMOUNT, 0x800) \
	N(AT_EMPTY_PATH, 0x1000)
const struct stap_names stap_access_at_names = STAP_NAMES(ACCESS_AT_NAMES, 0);

#define UNLINK_AT_NAMES(N) \
	N(AT_REMOVEDIR, 0x200)
const struct stap_names stap_unlink_at_names = STAP_NAMES(UNLINK_AT_NAMES, 0);

#define STATX_AT_NAMES(N) \
	N(AT_STATX_SYNC_AS_STAT, 0x0) N(AT_STATX_FORCE_SYNC, 0x2000) N(AT_STATX_DONT_SYNC, 0x4000) \
	N(AT_SYMLINK_NOFOLLOW, 0x100) N(AT_SYMLINK_FOLLOW, 0x400) N(AT_NO_AUTOMOUNT, 0x800) N(AT_EMPTY_PATH, 0x1000)
const struct stap_names stap_statx_at_names = STAP_NAMES(STATX_AT_NAMES, 0x6000);

#define HANDLE_AT_NAMES(N) \
	N(AT_HANDLE_FID, 0x200) N(AT_SYMLINK_FOLLOW, 0x400) N(AT_EMPTY_PATH, 0x1000) N(AT_HANDLE_MNT_ID_UNIQUE, 0x1) \
	N(AT_HANDLE_CONNECTABLE, 0x2)
const struct stap_names stap_handle_at_names = STAP_NAMES(HANDLE_AT_NAMES, 0);

#define RENAME_NAMES(N) \
	N(RENAME_NOREPLACE, 0x1) N(RENAME_EXCHANGE, 0x2) N(RENAME_WHITEOUT, 0x4)
const struct stap_names stap_rename_names = STAP_NAMES(RENAME_NAMES, 0);

#define RESOLVE_NAMES(N) \
	N(RESOLVE_NO_XDEV, 0x1) N(RESOLVE_NO_MAGICLINKS, 0x2) N(RESOLVE_NO_SYMLINKS, 0x4) N(RESOLVE_BENEATH, 0x8) \
	N(RESOLVE_IN_ROOT, 0x10) N(RESOLVE_CACHED, 0x20)
const struct stap_names stap_resolve_names = STAP_NAMES(RESOLVE_NAMES, 0);

#define FORMAT_NAMES(N) \
	N(S_IFREG, 0x8000) N(S_IFDIR, 0x4000) N(S_IFCHR, 0x2000) N(S_IFBLK, 0x6000) N(S_IFIFO, 0x1000) N(S_IFLNK, 0xa000) \
	N(S_IFSOCK, 0xc000)
const struct stap_names stap_format_names = STAP_NAMES(FORMAT_NAMES, 0xf000);

void stap_text_dirfd(struct stap_text *t, stap_long fd)
{
	if ((int)fd == -100)
		stap_text_put(t, "AT_FDCWD", 8);
	else
		stap_text_decimal(t, (int)fd);
}

/* What open(2) uses of it: nothing, unless it makes a file. */
void stap_text_mode(struct stap_text *t, stap_long mode, stap_long flags)
{
	if (flags & (STAP_O_CREAT | STAP_O_TMPFILE))
		stap_text_octal(t, (unsigned int)mode);
}

/* A kind of file with its permissions. */
void stap_text_filemode(struct stap_text *t, stap_long mode)
{
	unsigned int value = mode;

	if (value & 0170000) {
		stap_text_flags(t, value & 0170000, &stap_format_names);
		stap_text_put(t, "|", 1);
	}
	stap_text_octal(t, value & ~0170000);
}

/* A device as the kernel's interface packs it; the upper half is that of a 64-bit one. */
void stap_text_device(struct stap_text *t, stap_long device)
{
	stap_ulong value = device;

	stap_text_plain(t, "makedev(");
	stap_text_hex(t, (value >> 8 & 0xfff) | (value >> 32 & 0xfffff000));
	stap_text_plain(t, ", ");
	stap_text_hex(t, (value & 0xff) | (value >> 12 & 0xffffff00));
	stap_text_put(t, ")", 1);
}

/* What mknod(2) uses of it: nothing, unless it makes a device. */
void stap_text_node(struct stap_text *t, stap_long device, stap_long mode)
{
	unsigned int format = mode & 0170000;

	if (format == 0020000 || format == 0060000)
		stap_text_device(t, (unsigned int)device);
}

/* Of openat2(2), as far as the caller's structure goes. */
void stap_text_how(struct stap_text *t, stap_long address, stap_long size)
{
	stap_ulong flags, mode, resolve;

	if ((stap_ulong)size < 24 || !stap_text_read_number(&flags, address, 8) || !stap_text_read_number(&mode, address + 8, 8) ||
	    !stap_text_read_number(&resolve, address + 16, 8)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "flags");
	stap_text_flags(t, flags, &stap_open_names);
	if (mode || flags & (STAP_O_CREAT | STAP_O_TMPFILE)) {
		stap_text_name(t, "mode");
		stap_text_octal(t, mode);
	}
	stap_text_name(t, "resolve");
	stap_text_flags(t, resolve, &stap_resolve_names);
	stap_text_close(t, "}");
}

/* A handle that name_to_handle_at(2) is to fill in: only how long it may be. */
void stap_text_handle_size(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = { STAP_FIELD("handle_bytes", STAP_U32), STAP_FIELDS_END };

	stap_text_struct(t, address, fields);
}

void stap_text_handle(struct stap_text *t, stap_long address)
{
	static const char digits[] = "0123456789abcdef";
	stap_ulong size, type, i;
	unsigned char byte;
	char text[4] = "\\x";

	if (!stap_text_read_number(&size, address, 4) || !stap_text_read_number(&type, address + 4, 4)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "handle_bytes");
	stap_text_unsigned(t, size);
	stap_text_name(t, "handle_type");
	stap_text_decimal(t, (int)type);
	stap_text_name(t, "f_handle");
	stap_text_put(t, "\"", 1);
	for (i = 0; i < size && i < 128 && stap_text_read(&byte, address + 8 + i, 1); i++) {
		text[2] = digits[byte >> 4];
		text[3] = digits[byte & 15];
		stap_text_put(t, text, 4);
	}
	stap_text_put(t, "\"", 1);
	stap_text_close(t, "}");
}
