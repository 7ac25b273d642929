/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls between processes (System V's and POSIX's queues), and on keys. */
#include "stap.h"

#define QUEUE_FLAGS_NAMES(N) \
	N(O_NONBLOCK, 0x800)
const struct stap_names stap_queue_flags_names = STAP_NAMES(QUEUE_FLAGS_NAMES, 0);

#define IPC_GET_NAMES(N) \
	N(IPC_CREAT, 0x200) N(IPC_EXCL, 0x400) N(IPC_NOWAIT, 0x800)
const struct stap_names stap_ipc_get_names = STAP_NAMES(IPC_GET_NAMES, 0);

#define SHM_GET_NAMES(N) \
	N(IPC_CREAT, 0x200) N(IPC_EXCL, 0x400) N(SHM_HUGETLB, 0x800) N(SHM_NORESERVE, 0x1000)
const struct stap_names stap_shm_get_names = STAP_NAMES(SHM_GET_NAMES, 0);

#define MESSAGE_CONTROL_NAMES(N) \
	N(IPC_RMID, 0x0) N(IPC_SET, 0x1) N(IPC_STAT, 0x2) N(IPC_INFO, 0x3) N(MSG_STAT, 0xb) N(MSG_INFO, 0xc) \
	N(MSG_STAT_ANY, 0xd) N(IPC_64, 0x100)
const struct stap_names stap_message_control_names = STAP_NAMES(MESSAGE_CONTROL_NAMES, 0x1ffeff);

#define SEMAPHORE_CONTROL_NAMES(N) \
	N(IPC_RMID, 0x0) N(IPC_SET, 0x1) N(IPC_STAT, 0x2) N(IPC_INFO, 0x3) N(GETPID, 0xb) N(GETVAL, 0xc) N(GETALL, 0xd) \
	N(GETNCNT, 0xe) N(GETZCNT, 0xf) N(SETVAL, 0x10) N(SETALL, 0x11) N(SEM_STAT, 0x12) N(SEM_INFO, 0x13) \
	N(SEM_STAT_ANY, 0x14) N(IPC_64, 0x100)
const struct stap_names stap_semaphore_control_names = STAP_NAMES(SEMAPHORE_CONTROL_NAMES, 0x1ffeff);

#define SHARED_CONTROL_NAMES(N) \
	N(IPC_RMID, 0x0) N(IPC_SET, 0x1) N(IPC_STAT, 0x2) N(IPC_INFO, 0x3) N(SHM_LOCK, 0xb) N(SHM_UNLOCK, 0xc) \
	N(SHM_STAT, 0xd) N(SHM_INFO, 0xe) N(SHM_STAT_ANY, 0xf) N(IPC_64, 0x100)
const struct stap_names stap_shared_control_names = STAP_NAMES(SHARED_CONTROL_NAMES, 0x1ffeff);

#define SHM_ATTACH_NAMES(N) \
	N(SHM_RDONLY, 0x1000) N(SHM_RND, 0x2000) N(SHM_REMAP, 0x4000) N(SHM_EXEC, 0x8000)
const struct stap_names stap_shm_attach_names = STAP_NAMES(SHM_ATTACH_NAMES, 0);

#define MESSAGE_FLAGS_NAMES(N) \
	N(MSG_NOERROR, 0x1000) N(MSG_EXCEPT, 0x2000) N(MSG_COPY, 0x4000) N(IPC_NOWAIT, 0x800)
const struct stap_names stap_message_flags_names = STAP_NAMES(MESSAGE_FLAGS_NAMES, 0);

#define SEMAPHORE_FLAGS_NAMES(N) \
	N(SEM_UNDO, 0x1000) N(IPC_NOWAIT, 0x800)
const struct stap_names stap_semaphore_flags_names = STAP_NAMES(SEMAPHORE_FLAGS_NAMES, 0);

#define IPC_CALL_NAMES(N) \
	N(SEMOP, 1) N(SEMGET, 2) N(SEMCTL, 3) N(SEMTIMEDOP, 4) N(MSGSND, 11) N(MSGRCV, 12) N(MSGGET, 13) N(MSGCTL, 14) \
	N(SHMAT, 21) N(SHMDT, 22) N(SHMGET, 23) N(SHMCTL, 24)
const struct stap_names stap_ipc_call_names = STAP_NAMES(IPC_CALL_NAMES, STAP_ONE_OF);

#define KEYCTL_NAMES(N) \
	N(KEYCTL_GET_KEYRING_ID, 0) N(KEYCTL_JOIN_SESSION_KEYRING, 1) N(KEYCTL_UPDATE, 2) N(KEYCTL_REVOKE, 3) \
	N(KEYCTL_CHOWN, 4) N(KEYCTL_SETPERM, 5) N(KEYCTL_DESCRIBE, 6) N(KEYCTL_CLEAR, 7) N(KEYCTL_LINK, 8) \
	N(KEYCTL_UNLINK, 9) N(KEYCTL_SEARCH, 10) N(KEYCTL_READ, 11) N(KEYCTL_INSTANTIATE, 12) N(KEYCTL_NEGATE, 13) \
	N(KEYCTL_SET_REQKEY_KEYRING, 14) N(KEYCTL_SET_TIMEOUT, 15) N(KEYCTL_ASSUME_AUTHORITY, 16) N(KEYCTL_GET_SECURITY, 17) \
	N(KEYCTL_SESSION_TO_PARENT, 18) N(KEYCTL_REJECT, 19) N(KEYCTL_INSTANTIATE_IOV, 20) N(KEYCTL_INVALIDATE, 21) \
	N(KEYCTL_GET_PERSISTENT, 22) N(KEYCTL_DH_COMPUTE, 23) N(KEYCTL_PKEY_QUERY, 24) N(KEYCTL_PKEY_ENCRYPT, 25) \
	N(KEYCTL_PKEY_DECRYPT, 26) N(KEYCTL_PKEY_SIGN, 27) N(KEYCTL_PKEY_VERIFY, 28) N(KEYCTL_RESTRICT_KEYRING, 29) \
	N(KEYCTL_MOVE, 30) N(KEYCTL_CAPABILITIES, 31) N(KEYCTL_WATCH_KEY, 32)
const struct stap_names stap_keyctl_names = STAP_NAMES(KEYCTL_NAMES, STAP_ONE_OF);

#define KEY_NAMES(N) \
	N(KEY_SPEC_THREAD_KEYRING, 0xffffffff) N(KEY_SPEC_PROCESS_KEYRING, 0xfffffffe) \
	N(KEY_SPEC_SESSION_KEYRING, 0xfffffffd) N(KEY_SPEC_USER_KEYRING, 0xfffffffc) \
	N(KEY_SPEC_USER_SESSION_KEYRING, 0xfffffffb) N(KEY_SPEC_GROUP_KEYRING, 0xfffffffa) \
	N(KEY_SPEC_REQKEY_AUTH_KEY, 0xfffffff9) N(KEY_SPEC_REQUESTOR_KEYRING, 0xfffffff8)
const struct stap_names stap_key_names = STAP_NAMES(KEY_NAMES, STAP_ONE_OF);

#define KEY_PERMISSION_NAMES(N) \
	N(KEY_POS_VIEW, 0x1000000) N(KEY_POS_READ, 0x2000000) N(KEY_POS_WRITE, 0x4000000) N(KEY_POS_SEARCH, 0x8000000) \
	N(KEY_POS_LINK, 0x10000000) N(KEY_POS_SETATTR, 0x20000000) N(KEY_USR_VIEW, 0x10000) N(KEY_USR_READ, 0x20000) \
	N(KEY_USR_WRITE, 0x40000) N(KEY_USR_SEARCH, 0x80000) N(KEY_USR_LINK, 0x100000) N(KEY_USR_SETATTR, 0x200000) \
	N(KEY_GRP_VIEW, 0x100) N(KEY_GRP_READ, 0x200) N(KEY_GRP_WRITE, 0x400) N(KEY_GRP_SEARCH, 0x800) \
	N(KEY_GRP_LINK, 0x1000) N(KEY_GRP_SETATTR, 0x2000) N(KEY_OTH_VIEW, 0x1) N(KEY_OTH_READ, 0x2) N(KEY_OTH_WRITE, 0x4) \
	N(KEY_OTH_SEARCH, 0x8) N(KEY_OTH_LINK, 0x10) N(KEY_OTH_SETATTR, 0x20)
const struct stap_names stap_key_permission_names = STAP_NAMES(KEY_PERMISSION_NAMES, 0);

#define KEY_DEFAULT_NAMES(N) \
	N(KEY_REQKEY_DEFL_NO_CHANGE, 0xffffffff) N(KEY_REQKEY_DEFL_DEFAULT, 0) N(KEY_REQKEY_DEFL_THREAD_KEYRING, 1) \
	N(KEY_REQKEY_DEFL_PROCESS_KEYRING, 2) N(KEY_REQKEY_DEFL_SESSION_KEYRING, 3) N(KEY_REQKEY_DEFL_USER_KEYRING, 4) \
	N(KEY_REQKEY_DEFL_USER_SESSION_KEYRING, 5) N(KEY_REQKEY_DEFL_GROUP_KEYRING, 6) \
	N(KEY_REQKEY_DEFL_REQUESTOR_KEYRING, 7)
const struct stap_names stap_key_default_names = STAP_NAMES(KEY_DEFAULT_NAMES, STAP_ONE_OF);

void stap_text_ipc_key(struct stap_text *t, stap_long key)
{
	if ((int)key)
		stap_text_hex(t, (unsigned int)key);
	else
		stap_text_plain(t, "IPC_PRIVATE");
}

static void stap_text_with_mode(struct stap_text *t, unsigned int value, const struct stap_names *names)
{
	if (value & ~0777U) {
		stap_text_flags(t, value & ~0777U, names);
		stap_text_put(t, "|", 1);
	}
	stap_text_octal(t, value & 0777);
}

/* Flags of msgget(2) and semget(2), with permissions. */
void stap_text_ipc_flags(struct stap_text *t, stap_long value)
{
	stap_text_with_mode(t, value, &stap_ipc_get_names);
}

void stap_text_shm_flags(struct stap_text *t, stap_long value)
{
	stap_text_with_mode(t, value, &stap_shm_get_names);
}

void stap_text_sent(struct stap_text *t, stap_long address, stap_long size)
{
	unsigned int word = stap_text_word();
	stap_ulong type;

	if (!address || !stap_text_read_number(&type, address, word)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "mtype");
	stap_text_decimal(t, word == 4 ? (int)type : (stap_long)type);
	stap_text_name(t, "mtext");
	stap_text_buffer(t, address + word, size);
	stap_text_close(t, "}");
}

void stap_text_semaphores(struct stap_text *t, stap_long address, stap_long count)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("sem_num", STAP_U16), STAP_FIELD("sem_op", STAP_S16),
		STAP_FIELD("sem_flg", STAP_U16, .names = &stap_semaphore_flags_names), STAP_FIELDS_END
	};

	stap_text_structs(t, address, (unsigned int)count, fields);
}

void stap_text_queue(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("mq_flags", STAP_WORD, .names = &stap_queue_flags_names), STAP_FIELD("mq_maxmsg", STAP_SWORD),
		STAP_FIELD("mq_msgsize", STAP_SWORD), STAP_FIELD("mq_curmsgs", STAP_SWORD), STAP_FIELDS_END
	};

	stap_text_struct(t, address, fields);
}

/* What mq_open(2) uses of it: nothing, unless it makes a queue. */
void stap_text_queue_open(struct stap_text *t, stap_long address, stap_long flags)
{
	if (flags & 0x40) /* O_CREAT */
		stap_text_queue(t, address);
}

/* A key's number, or a keyring's that the kernel knows by name. */
void stap_text_key(struct stap_text *t, stap_long value)
{
	const char *name = stap_name_of((unsigned int)value, &stap_key_names);

	if (name)
		stap_text_plain(t, name);
	else
		stap_text_decimal(t, (int)value);
}

static const char stap_keyctl_kinds[][5] = {
	/* k: key, s: text, n: number, u: unsigned, x: permissions, p: pointer, d: default keyring */
	"kn", "s", "kpu", "k", "knn", "kx", "kpu", "k", "kk", "kk", "kssk", "kpu", "kpuk", "kuk", "d", "ku", "k", "kpu", "", "kuuk",
	"kpuk", "k", "nk", "pppp", "kpsp", "psp", "psp", "psp", "pspp", "kss", "kkkx", "pu", "knn",
};

static void stap_text_keyctl(struct stap_text *t, stap_long value, stap_long command, int n)
{
	const char *kinds;

	if ((unsigned int)command >= sizeof(stap_keyctl_kinds) / sizeof(*stap_keyctl_kinds)) {
		stap_text_hex(t, value);
		return;
	}
	kinds = stap_keyctl_kinds[(unsigned int)command];
	if (n >= (int)__builtin_strlen(kinds))
		return;
	switch (kinds[n]) {
	case 'k': stap_text_key(t, value); break;
	case 'n': stap_text_decimal(t, (int)value); break;
	case 'u': stap_text_unsigned(t, value); break;
	case 'x': stap_text_flags(t, (unsigned int)value, &stap_key_permission_names); break;
	case 'd': stap_text_flags(t, (unsigned int)value, &stap_key_default_names); break;
	case 's':
		if (value) {
			stap_text_string(t, value);
			break;
		}
		/* fall through */
	default: stap_text_pointer(t, value);
	}
}

void stap_text_keyctl2(struct stap_text *t, stap_long value, stap_long command)
{
	stap_text_keyctl(t, value, command, 0);
}

void stap_text_keyctl3(struct stap_text *t, stap_long value, stap_long command)
{
	stap_text_keyctl(t, value, command, 1);
}

void stap_text_keyctl4(struct stap_text *t, stap_long value, stap_long command)
{
	stap_text_keyctl(t, value, command, 2);
}

void stap_text_keyctl5(struct stap_text *t, stap_long value, stap_long command)
{
	stap_text_keyctl(t, value, command, 3);
}
