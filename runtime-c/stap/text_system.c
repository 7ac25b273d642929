/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls on the kernel itself and its larger interfaces: modules, events, programs of its own, rings. */
#include "stap.h"

#define DELETE_MODULE_NAMES(N) \
	N(O_NONBLOCK, 0x800) N(O_TRUNC, 0x200)
const struct stap_names stap_delete_module_names = STAP_NAMES(DELETE_MODULE_NAMES, 0);

#define LOAD_MODULE_NAMES(N) \
	N(MODULE_INIT_IGNORE_MODVERSIONS, 0x1) N(MODULE_INIT_IGNORE_VERMAGIC, 0x2) N(MODULE_INIT_COMPRESSED_FILE, 0x4)
const struct stap_names stap_load_module_names = STAP_NAMES(LOAD_MODULE_NAMES, 0);

#define REBOOT_MAGIC_NAMES(N) \
	N(LINUX_REBOOT_MAGIC1, 0xfee1dead)
const struct stap_names stap_reboot_magic_names = STAP_NAMES(REBOOT_MAGIC_NAMES, STAP_ONE_OF);

#define REBOOT_MAGIC2_NAMES(N) \
	N(LINUX_REBOOT_MAGIC2, 0x28121969) N(LINUX_REBOOT_MAGIC2A, 0x5121996) N(LINUX_REBOOT_MAGIC2B, 0x16041998) \
	N(LINUX_REBOOT_MAGIC2C, 0x20112000)
const struct stap_names stap_reboot_magic2_names = STAP_NAMES(REBOOT_MAGIC2_NAMES, STAP_ONE_OF);

#define REBOOT_NAMES(N) \
	N(LINUX_REBOOT_CMD_RESTART, 0x1234567) N(LINUX_REBOOT_CMD_HALT, 0xcdef0123) N(LINUX_REBOOT_CMD_CAD_ON, 0x89abcdef) \
	N(LINUX_REBOOT_CMD_CAD_OFF, 0) N(LINUX_REBOOT_CMD_POWER_OFF, 0x4321fedc) N(LINUX_REBOOT_CMD_RESTART2, 0xa1b2c3d4) \
	N(LINUX_REBOOT_CMD_SW_SUSPEND, 0xd000fce2) N(LINUX_REBOOT_CMD_KEXEC, 0x45584543)
const struct stap_names stap_reboot_names = STAP_NAMES(REBOOT_NAMES, STAP_ONE_OF);

#define KEXEC_NAMES(N) \
	N(KEXEC_ARCH_DEFAULT, 0x0) N(KEXEC_ARCH_386, 0x30000) N(KEXEC_ARCH_X86_64, 0x3e0000) N(KEXEC_ARCH_ARM, 0x280000) \
	N(KEXEC_ARCH_AARCH64, 0xb70000) N(KEXEC_ON_CRASH, 0x1) N(KEXEC_PRESERVE_CONTEXT, 0x2) \
	N(KEXEC_UPDATE_ELFCOREHDR, 0x4) N(KEXEC_CRASH_HOTPLUG_SUPPORT, 0x8)
const struct stap_names stap_kexec_names = STAP_NAMES(KEXEC_NAMES, 0xffff0000);

#define KEXEC_FILE_NAMES(N) \
	N(KEXEC_FILE_UNLOAD, 0x1) N(KEXEC_FILE_ON_CRASH, 0x2) N(KEXEC_FILE_NO_INITRAMFS, 0x4) N(KEXEC_FILE_DEBUG, 0x8)
const struct stap_names stap_kexec_file_names = STAP_NAMES(KEXEC_FILE_NAMES, 0);

#define SYSLOG_NAMES(N) \
	N(SYSLOG_ACTION_CLOSE, 0) N(SYSLOG_ACTION_OPEN, 1) N(SYSLOG_ACTION_READ, 2) N(SYSLOG_ACTION_READ_ALL, 3) \
	N(SYSLOG_ACTION_READ_CLEAR, 4) N(SYSLOG_ACTION_CLEAR, 5) N(SYSLOG_ACTION_CONSOLE_OFF, 6) \
	N(SYSLOG_ACTION_CONSOLE_ON, 7) N(SYSLOG_ACTION_CONSOLE_LEVEL, 8) N(SYSLOG_ACTION_SIZE_UNREAD, 9) \
	N(SYSLOG_ACTION_SIZE_BUFFER, 10)
const struct stap_names stap_syslog_names = STAP_NAMES(SYSLOG_NAMES, STAP_ONE_OF);

#define RANDOM_NAMES(N) \
	N(GRND_NONBLOCK, 0x1) N(GRND_RANDOM, 0x2) N(GRND_INSECURE, 0x4)
const struct stap_names stap_random_names = STAP_NAMES(RANDOM_NAMES, 0);

#define PERF_OPEN_NAMES(N) \
	N(PERF_FLAG_FD_NO_GROUP, 0x1) N(PERF_FLAG_FD_OUTPUT, 0x2) N(PERF_FLAG_PID_CGROUP, 0x4) N(PERF_FLAG_FD_CLOEXEC, 0x8)
const struct stap_names stap_perf_open_names = STAP_NAMES(PERF_OPEN_NAMES, 0);

#define PERF_TYPE_NAMES(N) \
	N(PERF_TYPE_HARDWARE, 0) N(PERF_TYPE_SOFTWARE, 1) N(PERF_TYPE_TRACEPOINT, 2) N(PERF_TYPE_HW_CACHE, 3) \
	N(PERF_TYPE_RAW, 4) N(PERF_TYPE_BREAKPOINT, 5)
const struct stap_names stap_perf_type_names = STAP_NAMES(PERF_TYPE_NAMES, STAP_ONE_OF);

#define PERF_HARDWARE_NAMES(N) \
	N(PERF_COUNT_HW_CPU_CYCLES, 0) N(PERF_COUNT_HW_INSTRUCTIONS, 1) N(PERF_COUNT_HW_CACHE_REFERENCES, 2) \
	N(PERF_COUNT_HW_CACHE_MISSES, 3) N(PERF_COUNT_HW_BRANCH_INSTRUCTIONS, 4) N(PERF_COUNT_HW_BRANCH_MISSES, 5) \
	N(PERF_COUNT_HW_BUS_CYCLES, 6) N(PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, 7) \
	N(PERF_COUNT_HW_STALLED_CYCLES_BACKEND, 8) N(PERF_COUNT_HW_REF_CPU_CYCLES, 9)
const struct stap_names stap_perf_hardware_names = STAP_NAMES(PERF_HARDWARE_NAMES, STAP_ONE_OF);

#define PERF_SOFTWARE_NAMES(N) \
	N(PERF_COUNT_SW_CPU_CLOCK, 0) N(PERF_COUNT_SW_TASK_CLOCK, 1) N(PERF_COUNT_SW_PAGE_FAULTS, 2) \
	N(PERF_COUNT_SW_CONTEXT_SWITCHES, 3) N(PERF_COUNT_SW_CPU_MIGRATIONS, 4) N(PERF_COUNT_SW_PAGE_FAULTS_MIN, 5) \
	N(PERF_COUNT_SW_PAGE_FAULTS_MAJ, 6) N(PERF_COUNT_SW_ALIGNMENT_FAULTS, 7) N(PERF_COUNT_SW_EMULATION_FAULTS, 8) \
	N(PERF_COUNT_SW_DUMMY, 9) N(PERF_COUNT_SW_BPF_OUTPUT, 10) N(PERF_COUNT_SW_CGROUP_SWITCHES, 11)
const struct stap_names stap_perf_software_names = STAP_NAMES(PERF_SOFTWARE_NAMES, STAP_ONE_OF);

#define PERF_SAMPLE_NAMES(N) \
	N(PERF_SAMPLE_IP, 0x1) N(PERF_SAMPLE_TID, 0x2) N(PERF_SAMPLE_TIME, 0x4) N(PERF_SAMPLE_ADDR, 0x8) \
	N(PERF_SAMPLE_READ, 0x10) N(PERF_SAMPLE_CALLCHAIN, 0x20) N(PERF_SAMPLE_ID, 0x40) N(PERF_SAMPLE_CPU, 0x80) \
	N(PERF_SAMPLE_PERIOD, 0x100) N(PERF_SAMPLE_STREAM_ID, 0x200) N(PERF_SAMPLE_RAW, 0x400) \
	N(PERF_SAMPLE_BRANCH_STACK, 0x800) N(PERF_SAMPLE_REGS_USER, 0x1000) N(PERF_SAMPLE_STACK_USER, 0x2000) \
	N(PERF_SAMPLE_WEIGHT, 0x4000) N(PERF_SAMPLE_DATA_SRC, 0x8000) N(PERF_SAMPLE_IDENTIFIER, 0x10000) \
	N(PERF_SAMPLE_TRANSACTION, 0x20000) N(PERF_SAMPLE_REGS_INTR, 0x40000) N(PERF_SAMPLE_PHYS_ADDR, 0x80000) \
	N(PERF_SAMPLE_AUX, 0x100000) N(PERF_SAMPLE_CGROUP, 0x200000) N(PERF_SAMPLE_DATA_PAGE_SIZE, 0x400000) \
	N(PERF_SAMPLE_CODE_PAGE_SIZE, 0x800000) N(PERF_SAMPLE_WEIGHT_STRUCT, 0x1000000)
const struct stap_names stap_perf_sample_names = STAP_NAMES(PERF_SAMPLE_NAMES, 0);

#define PERF_READ_NAMES(N) \
	N(PERF_FORMAT_TOTAL_TIME_ENABLED, 0x1) N(PERF_FORMAT_TOTAL_TIME_RUNNING, 0x2) N(PERF_FORMAT_ID, 0x4) \
	N(PERF_FORMAT_GROUP, 0x8) N(PERF_FORMAT_LOST, 0x10)
const struct stap_names stap_perf_read_names = STAP_NAMES(PERF_READ_NAMES, 0);

#define BPF_NAMES(N) \
	N(BPF_MAP_CREATE, 0) N(BPF_MAP_LOOKUP_ELEM, 1) N(BPF_MAP_UPDATE_ELEM, 2) N(BPF_MAP_DELETE_ELEM, 3) \
	N(BPF_MAP_GET_NEXT_KEY, 4) N(BPF_PROG_LOAD, 5) N(BPF_OBJ_PIN, 6) N(BPF_OBJ_GET, 7) N(BPF_PROG_ATTACH, 8) \
	N(BPF_PROG_DETACH, 9) N(BPF_PROG_TEST_RUN, 10) N(BPF_PROG_GET_NEXT_ID, 11) N(BPF_MAP_GET_NEXT_ID, 12) \
	N(BPF_PROG_GET_FD_BY_ID, 13) N(BPF_MAP_GET_FD_BY_ID, 14) N(BPF_OBJ_GET_INFO_BY_FD, 15) N(BPF_PROG_QUERY, 16) \
	N(BPF_RAW_TRACEPOINT_OPEN, 17) N(BPF_BTF_LOAD, 18) N(BPF_BTF_GET_FD_BY_ID, 19) N(BPF_TASK_FD_QUERY, 20) \
	N(BPF_MAP_LOOKUP_AND_DELETE_ELEM, 21) N(BPF_MAP_FREEZE, 22) N(BPF_BTF_GET_NEXT_ID, 23) N(BPF_MAP_LOOKUP_BATCH, 24) \
	N(BPF_MAP_LOOKUP_AND_DELETE_BATCH, 25) N(BPF_MAP_UPDATE_BATCH, 26) N(BPF_MAP_DELETE_BATCH, 27) \
	N(BPF_LINK_CREATE, 28) N(BPF_LINK_UPDATE, 29) N(BPF_LINK_GET_FD_BY_ID, 30) N(BPF_LINK_GET_NEXT_ID, 31) \
	N(BPF_ENABLE_STATS, 32) N(BPF_ITER_CREATE, 33) N(BPF_LINK_DETACH, 34) N(BPF_PROG_BIND_MAP, 35) \
	N(BPF_TOKEN_CREATE, 36)
const struct stap_names stap_bpf_names = STAP_NAMES(BPF_NAMES, STAP_ONE_OF);

#define BPF_MAP_NAMES(N) \
	N(BPF_MAP_TYPE_UNSPEC, 0) N(BPF_MAP_TYPE_HASH, 1) N(BPF_MAP_TYPE_ARRAY, 2) N(BPF_MAP_TYPE_PROG_ARRAY, 3) \
	N(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4) N(BPF_MAP_TYPE_PERCPU_HASH, 5) N(BPF_MAP_TYPE_PERCPU_ARRAY, 6) \
	N(BPF_MAP_TYPE_STACK_TRACE, 7) N(BPF_MAP_TYPE_CGROUP_ARRAY, 8) N(BPF_MAP_TYPE_LRU_HASH, 9) \
	N(BPF_MAP_TYPE_LRU_PERCPU_HASH, 10) N(BPF_MAP_TYPE_LPM_TRIE, 11) N(BPF_MAP_TYPE_ARRAY_OF_MAPS, 12) \
	N(BPF_MAP_TYPE_HASH_OF_MAPS, 13) N(BPF_MAP_TYPE_DEVMAP, 14) N(BPF_MAP_TYPE_SOCKMAP, 15) N(BPF_MAP_TYPE_CPUMAP, 16) \
	N(BPF_MAP_TYPE_XSKMAP, 17) N(BPF_MAP_TYPE_SOCKHASH, 18) N(BPF_MAP_TYPE_CGROUP_STORAGE, 19) \
	N(BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 20) N(BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 21) N(BPF_MAP_TYPE_QUEUE, 22) \
	N(BPF_MAP_TYPE_STACK, 23) N(BPF_MAP_TYPE_SK_STORAGE, 24) N(BPF_MAP_TYPE_DEVMAP_HASH, 25) \
	N(BPF_MAP_TYPE_STRUCT_OPS, 26) N(BPF_MAP_TYPE_RINGBUF, 27) N(BPF_MAP_TYPE_INODE_STORAGE, 28) \
	N(BPF_MAP_TYPE_TASK_STORAGE, 29) N(BPF_MAP_TYPE_BLOOM_FILTER, 30) N(BPF_MAP_TYPE_USER_RINGBUF, 31) \
	N(BPF_MAP_TYPE_CGRP_STORAGE, 32) N(BPF_MAP_TYPE_ARENA, 33)
const struct stap_names stap_bpf_map_names = STAP_NAMES(BPF_MAP_NAMES, STAP_ONE_OF);

#define BPF_PROGRAM_NAMES(N) \
	N(BPF_PROG_TYPE_UNSPEC, 0) N(BPF_PROG_TYPE_SOCKET_FILTER, 1) N(BPF_PROG_TYPE_KPROBE, 2) \
	N(BPF_PROG_TYPE_SCHED_CLS, 3) N(BPF_PROG_TYPE_SCHED_ACT, 4) N(BPF_PROG_TYPE_TRACEPOINT, 5) N(BPF_PROG_TYPE_XDP, 6) \
	N(BPF_PROG_TYPE_PERF_EVENT, 7) N(BPF_PROG_TYPE_CGROUP_SKB, 8) N(BPF_PROG_TYPE_CGROUP_SOCK, 9) \
	N(BPF_PROG_TYPE_LWT_IN, 10) N(BPF_PROG_TYPE_LWT_OUT, 11) N(BPF_PROG_TYPE_LWT_XMIT, 12) N(BPF_PROG_TYPE_SOCK_OPS, 13) \
	N(BPF_PROG_TYPE_SK_SKB, 14) N(BPF_PROG_TYPE_CGROUP_DEVICE, 15) N(BPF_PROG_TYPE_SK_MSG, 16) \
	N(BPF_PROG_TYPE_RAW_TRACEPOINT, 17) N(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, 18) N(BPF_PROG_TYPE_LWT_SEG6LOCAL, 19) \
	N(BPF_PROG_TYPE_LIRC_MODE2, 20) N(BPF_PROG_TYPE_SK_REUSEPORT, 21) N(BPF_PROG_TYPE_FLOW_DISSECTOR, 22) \
	N(BPF_PROG_TYPE_CGROUP_SYSCTL, 23) N(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, 24) N(BPF_PROG_TYPE_CGROUP_SOCKOPT, 25) \
	N(BPF_PROG_TYPE_TRACING, 26) N(BPF_PROG_TYPE_STRUCT_OPS, 27) N(BPF_PROG_TYPE_EXT, 28) N(BPF_PROG_TYPE_LSM, 29) \
	N(BPF_PROG_TYPE_SK_LOOKUP, 30) N(BPF_PROG_TYPE_SYSCALL, 31) N(BPF_PROG_TYPE_NETFILTER, 32)
const struct stap_names stap_bpf_program_names = STAP_NAMES(BPF_PROGRAM_NAMES, STAP_ONE_OF);

#define BPF_UPDATE_NAMES(N) \
	N(BPF_ANY, 0) N(BPF_NOEXIST, 1) N(BPF_EXIST, 2) N(BPF_F_LOCK, 4)
const struct stap_names stap_bpf_update_names = STAP_NAMES(BPF_UPDATE_NAMES, STAP_ONE_OF);

#define URING_ENTER_NAMES(N) \
	N(IORING_ENTER_GETEVENTS, 0x1) N(IORING_ENTER_SQ_WAKEUP, 0x2) N(IORING_ENTER_SQ_WAIT, 0x4) \
	N(IORING_ENTER_EXT_ARG, 0x8) N(IORING_ENTER_REGISTERED_RING, 0x10) N(IORING_ENTER_ABS_TIMER, 0x20)
const struct stap_names stap_uring_enter_names = STAP_NAMES(URING_ENTER_NAMES, 0);

#define URING_SETUP_NAMES(N) \
	N(IORING_SETUP_IOPOLL, 0x1) N(IORING_SETUP_SQPOLL, 0x2) N(IORING_SETUP_SQ_AFF, 0x4) N(IORING_SETUP_CQSIZE, 0x8) \
	N(IORING_SETUP_CLAMP, 0x10) N(IORING_SETUP_ATTACH_WQ, 0x20) N(IORING_SETUP_R_DISABLED, 0x40) \
	N(IORING_SETUP_SUBMIT_ALL, 0x80) N(IORING_SETUP_COOP_TASKRUN, 0x100) N(IORING_SETUP_TASKRUN_FLAG, 0x200) \
	N(IORING_SETUP_SQE128, 0x400) N(IORING_SETUP_CQE32, 0x800) N(IORING_SETUP_SINGLE_ISSUER, 0x1000) \
	N(IORING_SETUP_DEFER_TASKRUN, 0x2000) N(IORING_SETUP_NO_MMAP, 0x4000) N(IORING_SETUP_REGISTERED_FD_ONLY, 0x8000) \
	N(IORING_SETUP_NO_SQARRAY, 0x10000)
const struct stap_names stap_uring_setup_names = STAP_NAMES(URING_SETUP_NAMES, 0);

#define URING_REGISTER_NAMES(N) \
	N(IORING_REGISTER_BUFFERS, 0) N(IORING_UNREGISTER_BUFFERS, 1) N(IORING_REGISTER_FILES, 2) \
	N(IORING_UNREGISTER_FILES, 3) N(IORING_REGISTER_EVENTFD, 4) N(IORING_UNREGISTER_EVENTFD, 5) \
	N(IORING_REGISTER_FILES_UPDATE, 6) N(IORING_REGISTER_EVENTFD_ASYNC, 7) N(IORING_REGISTER_PROBE, 8) \
	N(IORING_REGISTER_PERSONALITY, 9) N(IORING_UNREGISTER_PERSONALITY, 10) N(IORING_REGISTER_RESTRICTIONS, 11) \
	N(IORING_REGISTER_ENABLE_RINGS, 12) N(IORING_REGISTER_FILES2, 13) N(IORING_REGISTER_FILES_UPDATE2, 14) \
	N(IORING_REGISTER_BUFFERS2, 15) N(IORING_REGISTER_BUFFERS_UPDATE, 16) N(IORING_REGISTER_IOWQ_AFF, 17) \
	N(IORING_UNREGISTER_IOWQ_AFF, 18) N(IORING_REGISTER_IOWQ_MAX_WORKERS, 19) N(IORING_REGISTER_RING_FDS, 20) \
	N(IORING_UNREGISTER_RING_FDS, 21) N(IORING_REGISTER_PBUF_RING, 22) N(IORING_UNREGISTER_PBUF_RING, 23) \
	N(IORING_REGISTER_SYNC_CANCEL, 24) N(IORING_REGISTER_FILE_ALLOC_RANGE, 25) N(IORING_REGISTER_PBUF_STATUS, 26) \
	N(IORING_REGISTER_NAPI, 27) N(IORING_UNREGISTER_NAPI, 28) N(IORING_REGISTER_CLOCK, 29) \
	N(IORING_REGISTER_CLONE_BUFFERS, 30)
const struct stap_names stap_uring_register_names = STAP_NAMES(URING_REGISTER_NAMES, STAP_ONE_OF);

#define AIO_OPERATION_NAMES(N) \
	N(IOCB_CMD_PREAD, 0) N(IOCB_CMD_PWRITE, 1) N(IOCB_CMD_FSYNC, 2) N(IOCB_CMD_FDSYNC, 3) N(IOCB_CMD_POLL, 5) \
	N(IOCB_CMD_NOOP, 6) N(IOCB_CMD_PREADV, 7) N(IOCB_CMD_PWRITEV, 8)
const struct stap_names stap_aio_operation_names = STAP_NAMES(AIO_OPERATION_NAMES, STAP_ONE_OF);

#define AIO_FLAGS_NAMES(N) \
	N(IOCB_FLAG_RESFD, 0x1) N(IOCB_FLAG_IOPRIO, 0x2)
const struct stap_names stap_aio_flags_names = STAP_NAMES(AIO_FLAGS_NAMES, 0);

#define LANDLOCK_RULESET_NAMES(N) \
	N(LANDLOCK_CREATE_RULESET_VERSION, 0x1)
const struct stap_names stap_landlock_ruleset_names = STAP_NAMES(LANDLOCK_RULESET_NAMES, 0);

#define LANDLOCK_RULE_NAMES(N) \
	N(LANDLOCK_RULE_PATH_BENEATH, 1) N(LANDLOCK_RULE_NET_PORT, 2)
const struct stap_names stap_landlock_rule_names = STAP_NAMES(LANDLOCK_RULE_NAMES, STAP_ONE_OF);

#define LANDLOCK_FILE_NAMES(N) \
	N(LANDLOCK_ACCESS_FS_EXECUTE, 0x1) N(LANDLOCK_ACCESS_FS_WRITE_FILE, 0x2) N(LANDLOCK_ACCESS_FS_READ_FILE, 0x4) \
	N(LANDLOCK_ACCESS_FS_READ_DIR, 0x8) N(LANDLOCK_ACCESS_FS_REMOVE_DIR, 0x10) N(LANDLOCK_ACCESS_FS_REMOVE_FILE, 0x20) \
	N(LANDLOCK_ACCESS_FS_MAKE_CHAR, 0x40) N(LANDLOCK_ACCESS_FS_MAKE_DIR, 0x80) N(LANDLOCK_ACCESS_FS_MAKE_REG, 0x100) \
	N(LANDLOCK_ACCESS_FS_MAKE_SOCK, 0x200) N(LANDLOCK_ACCESS_FS_MAKE_FIFO, 0x400) \
	N(LANDLOCK_ACCESS_FS_MAKE_BLOCK, 0x800) N(LANDLOCK_ACCESS_FS_MAKE_SYM, 0x1000) N(LANDLOCK_ACCESS_FS_REFER, 0x2000) \
	N(LANDLOCK_ACCESS_FS_TRUNCATE, 0x4000) N(LANDLOCK_ACCESS_FS_IOCTL_DEV, 0x8000)
const struct stap_names stap_landlock_file_names = STAP_NAMES(LANDLOCK_FILE_NAMES, 0);

#define LANDLOCK_NET_NAMES(N) \
	N(LANDLOCK_ACCESS_NET_BIND_TCP, 0x1) N(LANDLOCK_ACCESS_NET_CONNECT_TCP, 0x2)
const struct stap_names stap_landlock_net_names = STAP_NAMES(LANDLOCK_NET_NAMES, 0);

#define LSM_ATTRIBUTE_NAMES(N) \
	N(LSM_ATTR_UNDEF, 0) N(LSM_ATTR_CURRENT, 100) N(LSM_ATTR_EXEC, 101) N(LSM_ATTR_FSCREATE, 102) \
	N(LSM_ATTR_KEYCREATE, 103) N(LSM_ATTR_PREV, 104) N(LSM_ATTR_SOCKCREATE, 105)
const struct stap_names stap_lsm_attribute_names = STAP_NAMES(LSM_ATTRIBUTE_NAMES, STAP_ONE_OF);

#define LSM_FLAGS_NAMES(N) \
	N(LSM_FLAG_SINGLE, 0x1)
const struct stap_names stap_lsm_flags_names = STAP_NAMES(LSM_FLAGS_NAMES, 0);

static void stap_text_perf_config(struct stap_text *t, stap_ulong type, stap_ulong config)
{
	if (type == 0)
		stap_text_flags(t, config, &stap_perf_hardware_names);
	else if (type == 1)
		stap_text_flags(t, config, &stap_perf_software_names);
	else
		stap_text_hex(t, config);
}

/* Bits of a perf_event_attr, from the first on. */
static const char stap_perf_bits[][16] = {
	"disabled", "inherit", "pinned", "exclusive", "exclude_user", "exclude_kernel", "exclude_hv", "exclude_idle", "mmap", "comm",
	"freq", "inherit_stat", "enable_on_exec", "task", "watermark", "precise_ip", "", "mmap_data", "sample_id_all",
};

static void stap_text_perf_flags(struct stap_text *t, stap_ulong bits)
{
	unsigned int i;

	for (i = 0; i < sizeof(stap_perf_bits) / sizeof(*stap_perf_bits); i++) {
		unsigned int value = i == 15 ? bits >> i & 3 : bits >> i & 1;

		if (i == 16 || (!value && i != 0 && i != 1))
			continue;
		stap_text_name(t, stap_perf_bits[i]);
		stap_text_unsigned(t, value);
	}
}

void stap_text_perf_attributes(struct stap_text *t, stap_long address)
{
	stap_ulong type, size, config, period, sample, format, bits;

	if (!address || !stap_text_read_number(&type, address, 4) || !stap_text_read_number(&size, address + 4, 4) ||
	    !stap_text_read_number(&config, address + 8, 8) || !stap_text_read_number(&period, address + 16, 8) ||
	    !stap_text_read_number(&sample, address + 24, 8) || !stap_text_read_number(&format, address + 32, 8) ||
	    !stap_text_read_number(&bits, address + 40, 8)) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "type");
	stap_text_flags(t, type, &stap_perf_type_names);
	stap_text_name(t, "size");
	stap_text_unsigned(t, size);
	stap_text_name(t, "config");
	stap_text_perf_config(t, type, config);
	stap_text_name(t, bits >> 10 & 1 ? "sample_freq" : "sample_period");
	stap_text_unsigned(t, period);
	stap_text_name(t, "sample_type");
	stap_text_flags(t, sample, &stap_perf_sample_names);
	stap_text_name(t, "read_format");
	stap_text_flags(t, format, &stap_perf_read_names);
	stap_text_perf_flags(t, bits);
	stap_text_close(t, "}");
}

static void stap_text_bpf_update(struct stap_text *t, stap_long value)
{
	stap_text_flags(t, value, &stap_bpf_update_names);
}

static void stap_text_bpf_type(struct stap_text *t, stap_long value)
{
	stap_text_flags(t, value, &stap_bpf_program_names);
}

static const struct stap_field *stap_bpf_fields(unsigned int command)
{
	static const struct stap_field create[] = {
		STAP_FIELD("map_type", STAP_U32, .names = &stap_bpf_map_names), STAP_FIELD("key_size", STAP_U32),
		STAP_FIELD("value_size", STAP_U32), STAP_FIELD("max_entries", STAP_U32),
		STAP_FIELD("map_flags", STAP_U32, .write = stap_text_bits), STAP_FIELD("inner_map_fd", STAP_S32), STAP_FIELDS_END
	};
	static const struct stap_field update[] = {
		STAP_FIELD("map_fd", STAP_S32), STAP_FIELD("key", STAP_FIXED, .write = stap_text_pointer),
		STAP_FIELD("value", STAP_FIXED, .write = stap_text_pointer),
		STAP_FIELD("flags", STAP_FIXED, .write = stap_text_bpf_update), STAP_FIELDS_END
	};
	static const struct stap_field delete[] = {
		STAP_FIELD("map_fd", STAP_S32), STAP_FIELD("key", STAP_FIXED, .write = stap_text_pointer), STAP_FIELDS_END
	};
	static const struct stap_field next[] = {
		STAP_FIELD("map_fd", STAP_S32), STAP_FIELD("key", STAP_FIXED, .write = stap_text_pointer),
		STAP_FIELD("next_key", STAP_FIXED, .write = stap_text_pointer), STAP_FIELDS_END
	};
	static const struct stap_field load[] = {
		STAP_FIELD("prog_type", STAP_U32, .write = stap_text_bpf_type), STAP_FIELD("insn_cnt", STAP_U32),
		STAP_FIELD("insns", STAP_FIXED, .write = stap_text_pointer),
		STAP_FIELD("license", STAP_FIXED, .write = stap_text_string), STAP_FIELDS_END
	};
	static const struct stap_field pin[] = {
		STAP_FIELD("pathname", STAP_FIXED, .write = stap_text_string), STAP_FIELD("bpf_fd", STAP_S32),
		STAP_FIELD("file_flags", STAP_U32, .write = stap_text_bits), STAP_FIELDS_END
	};
	static const struct stap_field number[] = { STAP_FIELD("start_id", STAP_U32), STAP_FIELDS_END };

	switch (command) {
	case 0: return create;
	case 1: case 2: case 21: return update;
	case 3: return delete;
	case 4: return next;
	case 5: return load;
	case 6: case 7: return pin;
	case 11: case 12: case 13: case 14: case 19: case 23: return number;
	}
	return 0;
}

/* The first fields of bpf(2)'s attributes, by its command. */
void stap_text_bpf_attributes(struct stap_text *t, stap_long address, stap_long command)
{
	const struct stap_field *fields = stap_bpf_fields(command);

	if (fields)
		stap_text_struct(t, address, fields);
	else
		stap_text_pointer(t, address);
}

void stap_text_uring_setup(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD(0, STAP_U32), STAP_FIELD(0, STAP_U32), STAP_FIELD("flags", STAP_U32, .names = &stap_uring_setup_names),
		STAP_FIELD("sq_thread_cpu", STAP_U32), STAP_FIELD("sq_thread_idle", STAP_U32), STAP_FIELDS_END
	};

	stap_text_struct(t, address, fields);
}

/* What a request of aio is to do; gives its operation, or -1 where it cannot be read. */
static int stap_text_aio_head(struct stap_text *t, stap_ulong request)
{
	stap_ulong data, operation, priority, fd;

	if (!stap_text_read_number(&data, request, 8) || !stap_text_read_number(&operation, request + 16, 2) ||
	    !stap_text_read_number(&priority, request + 18, 2) || !stap_text_read_number(&fd, request + 20, 4)) {
		stap_text_pointer(t, request);
		return -1;
	}
	stap_text_open(t, "{");
	stap_text_name(t, "aio_data");
	stap_text_bits(t, data);
	stap_text_name(t, "aio_lio_opcode");
	stap_text_flags(t, operation, &stap_aio_operation_names);
	if (priority) {
		stap_text_name(t, "aio_reqprio");
		stap_text_decimal(t, (short)priority);
	}
	stap_text_name(t, "aio_fildes");
	stap_text_decimal(t, (int)fd);
	return operation;
}

void stap_text_aio_request(struct stap_text *t, stap_long request)
{
	if (stap_text_aio_head(t, request) >= 0)
		stap_text_close(t, "}");
}

/* With what it reads or writes: of the request that a pointer points to. */
static void stap_text_aio_pointer(struct stap_text *t, stap_long address)
{
	stap_ulong request, buffer = 0, size = 0, offset = 0, flags = 0;
	int operation;

	if (!stap_text_read_number(&request, address, stap_text_word())) {
		stap_text_hex(t, address);
		return;
	}
	operation = stap_text_aio_head(t, request);
	if (operation < 0)
		return;
	if ((operation <= 1 || operation > 6) && stap_text_read_number(&buffer, request + 24, 8) &&
	    stap_text_read_number(&size, request + 32, 8) && stap_text_read_number(&offset, request + 40, 8)) {
		stap_text_name(t, "aio_buf");
		if (operation == 1)
			stap_text_buffer(t, buffer, size);
		else
			stap_text_pointer(t, buffer);
		stap_text_name(t, "aio_nbytes");
		stap_text_unsigned(t, size);
		stap_text_name(t, "aio_offset");
		stap_text_decimal(t, offset);
	}
	if (stap_text_read_number(&flags, request + 56, 4) && flags) {
		stap_text_name(t, "aio_flags");
		stap_text_flags(t, flags, &stap_aio_flags_names);
	}
	stap_text_close(t, "}");
}

void stap_text_aio_requests(struct stap_text *t, stap_long address, stap_long count)
{
	stap_text_array(t, address, count, stap_text_word(), stap_text_aio_pointer);
}

static void stap_text_landlock_access(struct stap_text *t, stap_long value)
{
	stap_text_flags(t, value, &stap_landlock_file_names);
}

void stap_text_landlock_rules(struct stap_text *t, stap_long address, stap_long size)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("handled_access_fs", STAP_FIXED, .write = stap_text_landlock_access), STAP_FIELDS_END
	};
	static const struct stap_field more[] = {
		STAP_FIELD("handled_access_net", STAP_FIXED, .names = &stap_landlock_net_names), STAP_FIELDS_END
	};

	if (!address || (stap_ulong)size < 8) {
		stap_text_pointer(t, address);
		return;
	}
	stap_text_open(t, "{");
	if (!stap_text_fields(t, address, fields))
		stap_text_hex(t, address);
	else if ((stap_ulong)size >= 16)
		stap_text_fields(t, address + 8, more);
	stap_text_close(t, "}");
}

void stap_text_landlock_rule(struct stap_text *t, stap_long address, stap_long type)
{
	static const struct stap_field path[] = {
		STAP_FIELD("allowed_access", STAP_FIXED, .write = stap_text_landlock_access), STAP_FIELD("parent_fd", STAP_S32),
		STAP_FIELDS_END
	};
	static const struct stap_field port[] = {
		STAP_FIELD("allowed_access", STAP_FIXED, .names = &stap_landlock_net_names), STAP_FIELD("port", STAP_FIXED),
		STAP_FIELDS_END
	};

	stap_text_struct(t, address, (int)type == 2 ? port : path);
}

/* Arguments of syslog(2) beyond what it is to do, where that has any. */
void stap_text_syslog_buffer(struct stap_text *t, stap_long address, stap_long type)
{
	if ((int)type >= 2 && (int)type <= 4)
		stap_text_hex(t, address);
	else if ((int)type == 8)
		stap_text_pointer(t, address);
}

void stap_text_syslog_length(struct stap_text *t, stap_long length, stap_long type)
{
	if (((int)type >= 2 && (int)type <= 4) || (int)type == 8)
		stap_text_decimal(t, (int)length);
}

/* The fourth argument of reboot(2), which only one command has. */
void stap_text_restart(struct stap_text *t, stap_long address, stap_long command)
{
	if ((unsigned int)command == 0xa1b2c3d4)
		stap_text_string(t, address);
}

/* A segment's descriptor of x86. */
void stap_text_thread_area(struct stap_text *t, stap_long address)
{
	static const struct stap_field fields[] = {
		STAP_FIELD("entry_number", STAP_S32), STAP_FIELD("base_addr", STAP_U32, .write = stap_text_bits),
		STAP_FIELD("limit", STAP_U32, .write = stap_text_bits), STAP_FIELD("flags", STAP_U32, .write = stap_text_bits),
		STAP_FIELDS_END
	};

	stap_text_struct(t, address, fields);
}
