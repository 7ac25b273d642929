/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * The arguments of a system call as text, as its manual page names them: flags,
 * structures, strings. Part of stap.h.
 *
 *	struct stap_text text = stap_text_begin(dst);
 *
 *	stap_text_next(&text);
 *	stap_text_string(&text, path);
 *	stap_text_next(&text);
 *	stap_text_flags(&text, mode, &stap_access_names);
 *
 * Each function appends what it writes, so nothing is copied twice, and what a
 * string has no room for is left out. Those of one subject are in a unit
 * text_SUBJECT.c, which sees no header of the kernel: the numbers are the
 * kernel's interface to programs, and the same in every release.
 */
#ifndef STAP_TEXT_H
#define STAP_TEXT_H

struct stap_text {
	char *at;	/* where the next byte goes; a NUL until then */
	char *end;	/* the last byte, always a NUL */
	stap_long preview;	/* of a buffer, at most so many bytes are shown */
	signed char some;	/* something stands between the brackets, or in the string */
	signed char next;	/* and a comma goes in front of what comes */
	signed char cut;
	signed char contents;	/* of a list of buffers, what they hold is shown */
};

/* dst has MAXSTRINGLEN bytes. */
static inline struct stap_text stap_text_begin(char *dst)
{
	*dst = 0;
	dst[MAXSTRINGLEN - 1] = 0;
	return (struct stap_text){ .at = dst, .end = dst + MAXSTRINGLEN - 1, .preview = 50 };
}

/* What comes is the next of a list. */
static inline void stap_text_next(struct stap_text *t)
{
	t->next = t->some;
}

void stap_text_put(struct stap_text *t, const char *text, unsigned long length);
void stap_text_plain(struct stap_text *t, const char *text);
/* A list in brackets, with a comma between its elements. */
void stap_text_open(struct stap_text *t, const char *bracket);
void stap_text_close(struct stap_text *t, const char *bracket);
/* "NAME=" of what comes, which is the next of the list. */
void stap_text_name(struct stap_text *t, const char *name);

/* Numbers: of 64 bits; the caller narrows an argument to its type. */
void stap_text_decimal(struct stap_text *t, stap_long value);
void stap_text_unsigned(struct stap_text *t, stap_long value);
void stap_text_hex(struct stap_text *t, stap_long value);
/* Flags that have no names. */
void stap_text_bits(struct stap_text *t, stap_long value);
void stap_text_octal(struct stap_text *t, stap_long value);
/* At least so many digits, and nothing in front. */
void stap_text_hex_digits(struct stap_text *t, stap_long value, int digits);

/*
 * Names of numbers. A value has a part that is one of several (the bits of
 * mask), and flags.
 *
 *	#define LOCK_NAMES(N) N(LOCK_SH, 1) N(LOCK_EX, 2)
 *	const struct stap_names stap_lock_names = STAP_NAMES(LOCK_NAMES, 0);
 */
struct stap_names {
	unsigned int count;
	stap_ulong mask;
	const stap_ulong *values;
	const char *texts;	/* one after the other, each with a NUL */
};

#define STAP_NAME_VALUE(name, value) value,
#define STAP_NAME_TEXT(name, value) #name "\0"
#define STAP_NAMES(list, bits) { \
	sizeof((const stap_ulong[]){ list(STAP_NAME_VALUE) }) / sizeof(stap_ulong), bits, \
	(const stap_ulong[]){ list(STAP_NAME_VALUE) }, list(STAP_NAME_TEXT) }
#define STAP_ONE_OF (~0ULL)

void stap_text_flags(struct stap_text *t, stap_long value, const struct stap_names *names);
/* The name of a value, or NULL. */
const char *stap_name_of(stap_ulong value, const struct stap_names *names);

/* The calling process's memory (textmemory.c). A read gives whether all of it was there. */
int stap_text_read(void *dst, stap_ulong address, unsigned long size);
/* The text has no room for all of it. */
void stap_text_was_cut(void);
/* Whether the caller is a 32-bit program. */
int stap_text_compat(void);
/* A number of so many bytes, without a sign. */
int stap_text_read_number(stap_ulong *value, stap_ulong address, unsigned int size);
/* Bytes of a long of the caller's. */
unsigned int stap_text_word(void);

/* Strings and bytes, in quotes; where they cannot be read, the address. */
void stap_text_string(struct stap_text *t, stap_long address);
void stap_text_buffer(struct stap_text *t, stap_long address, stap_long length);
void stap_text_bytes(struct stap_text *t, const char *bytes, unsigned long length);
/* The strings that pointers point to, up to a NULL: argv. */
void stap_text_strings(struct stap_text *t, stap_long address);

/* A field of a structure. */
enum stap_field_type {
	STAP_END,
	STAP_S8, STAP_U8, STAP_S16, STAP_U16, STAP_S32, STAP_U32, STAP_S64, STAP_U64,
	STAP_WORD,	/* long, without a sign; a pointer, too */
	STAP_SWORD,
	STAP_FIXED,	/* 64 bits and aligned to that in every program */
};

struct stap_field {
	const char *name;	/* NULL: is not shown */
	enum stap_field_type type;
	const struct stap_names *names;
	void (*write)(struct stap_text *t, stap_long value);	/* NULL, and no names: decimal */
};

#define STAP_FIELD(called, kind, ...) { .name = called, .type = kind, ##__VA_ARGS__ }
#define STAP_FIELDS_END { .type = STAP_END }

/* Structures as {name=value, ...}; NULL, and the address of what cannot be read. */
void stap_text_struct(struct stap_text *t, stap_long address, const struct stap_field *fields);
/* The fields alone, between brackets that are open; gives whether they could be read. */
int stap_text_fields(struct stap_text *t, stap_ulong address, const struct stap_field *fields);
/* What a structure takes, and where its nth field is. */
unsigned long stap_field_size(const struct stap_field *fields);
unsigned long stap_field_offset(const struct stap_field *fields, int n);
void stap_text_structs(struct stap_text *t, stap_long address, stap_long count, const struct stap_field *fields);
/* An array as [value, ...]; each element is of so many bytes. */
void stap_text_array(struct stap_text *t, stap_long address, stap_long count, unsigned int size,
		     void (*write)(struct stap_text *t, stap_long address));
void stap_text_numbers(struct stap_text *t, stap_long address, stap_long count, enum stap_field_type type,
		       void (*write)(struct stap_text *t, stap_long value));
/* NULL, or the address of what cannot be read. */
void stap_text_pointer(struct stap_text *t, stap_long address);

/* What each unit has: tables of names, and functions for kinds of arguments. */

/* text_file.c */
extern const struct stap_names stap_whence_names, stap_fcntl_names, stap_descriptor_names, stap_lock_type_names,
	stap_lock_whence_names, stap_owner_names, stap_seals_names, stap_notify_names, stap_flock_names,
	stap_falloc_names, stap_xattr_names, stap_statx_names, stap_fadvise_names, stap_splice_names,
	stap_sync_range_names, stap_transfer_names, stap_inotify_init_names, stap_inotify_names,
	stap_fanotify_init_names, stap_fanotify_mark_names, stap_fanotify_names, stap_close_range_names,
	stap_dup3_names, stap_pipe2_names, stap_eventfd_names;
void stap_text_fcntl(struct stap_text *t, stap_long argument, stap_long command);
void stap_text_fanotify_open(struct stap_text *t, stap_long flags);
void stap_text_offset(struct stap_text *t, stap_long address);
void stap_text_short_offset(struct stap_text *t, stap_long address);
void stap_text_cache_range(struct stap_text *t, stap_long address);

/* text_ioctl.c */
extern const struct stap_names stap_ioctl_names;
void stap_text_request(struct stap_text *t, stap_long value);

/* text_ipc.c */
extern const struct stap_names stap_queue_flags_names, stap_ipc_get_names, stap_shm_get_names,
	stap_message_control_names, stap_semaphore_control_names, stap_shared_control_names, stap_shm_attach_names,
	stap_message_flags_names, stap_semaphore_flags_names, stap_ipc_call_names, stap_keyctl_names, stap_key_names,
	stap_key_permission_names, stap_key_default_names;
void stap_text_ipc_key(struct stap_text *t, stap_long key);
void stap_text_ipc_flags(struct stap_text *t, stap_long value);
void stap_text_shm_flags(struct stap_text *t, stap_long value);
void stap_text_sent(struct stap_text *t, stap_long address, stap_long size);
void stap_text_semaphores(struct stap_text *t, stap_long address, stap_long count);
void stap_text_queue(struct stap_text *t, stap_long address);
void stap_text_queue_open(struct stap_text *t, stap_long address, stap_long flags);
void stap_text_key(struct stap_text *t, stap_long value);
void stap_text_keyctl2(struct stap_text *t, stap_long value, stap_long command);
void stap_text_keyctl3(struct stap_text *t, stap_long value, stap_long command);
void stap_text_keyctl4(struct stap_text *t, stap_long value, stap_long command);
void stap_text_keyctl5(struct stap_text *t, stap_long value, stap_long command);

/* text_map.c */
extern const struct stap_names stap_protection_names, stap_mremap_names, stap_advice_names, stap_msync_names,
	stap_mlock_names, stap_mlockall_names, stap_policy_names, stap_policy_flags_names, stap_move_flags_names,
	stap_memfd_names, stap_key_rights_names, stap_userfaultfd_names, stap_membarrier_names,
	stap_membarrier_flags_names, stap_shadow_stack_names;
void stap_text_mmap(struct stap_text *t, stap_long value);
void stap_text_memfd(struct stap_text *t, stap_long value);
void stap_text_new_address(struct stap_text *t, stap_long address, stap_long flags);
void stap_text_nodes(struct stap_text *t, stap_long address, stap_long bits);
void stap_text_membarrier_cpu(struct stap_text *t, stap_long cpu, stap_long flags);
void stap_text_pages(struct stap_text *t, stap_long pages);

/* text_mount.c */
extern const struct stap_names stap_mount_names, stap_umount_names, stap_fsopen_names, stap_fsmount_names,
	stap_mount_attributes_names, stap_propagation_names, stap_move_mount_names, stap_open_tree_names,
	stap_fspick_names, stap_fsconfig_names, stap_statmount_names, stap_swap_names, stap_quota_names,
	stap_quota_type_names;
void stap_text_mount_data(struct stap_text *t, stap_long address, stap_long flags);
void stap_text_mount_attributes(struct stap_text *t, stap_long address);
void stap_text_mount_request(struct stap_text *t, stap_long address);
void stap_text_fsconfig_value(struct stap_text *t, stap_long address, stap_long command, stap_long auxiliary);
void stap_text_fsconfig_auxiliary(struct stap_text *t, stap_long value, stap_long command);
void stap_text_optional(struct stap_text *t, stap_long address);
void stap_text_swap(struct stap_text *t, stap_long value);
void stap_text_quota(struct stap_text *t, stap_long value);

/* text_open.c */
extern const struct stap_names stap_open_names, stap_access_names, stap_at_names, stap_access_at_names,
	stap_unlink_at_names, stap_statx_at_names, stap_handle_at_names, stap_rename_names, stap_resolve_names,
	stap_format_names;
void stap_text_dirfd(struct stap_text *t, stap_long fd);
void stap_text_mode(struct stap_text *t, stap_long mode, stap_long flags);
void stap_text_filemode(struct stap_text *t, stap_long mode);
void stap_text_device(struct stap_text *t, stap_long device);
void stap_text_node(struct stap_text *t, stap_long device, stap_long mode);
void stap_text_how(struct stap_text *t, stap_long address, stap_long size);
void stap_text_handle_size(struct stap_text *t, stap_long address);
void stap_text_handle(struct stap_text *t, stap_long address);

/* text_poll.c */
extern const struct stap_names stap_poll_names, stap_epoll_names, stap_epoll_operation_names, stap_epoll_create_names;
void stap_text_polls(struct stap_text *t, stap_long address, stap_long count);
void stap_text_descriptors(struct stap_text *t, stap_long address, stap_long count);
void stap_text_epoll_event(struct stap_text *t, stap_long address, stap_long operation);
void stap_text_select_mask(struct stap_text *t, stap_long address);

/* text_prctl.c */
extern const struct stap_names stap_prctl_names, stap_prctl_dumpable_names, stap_secure_bits_names,
	stap_ambient_names, stap_time_stamp_names, stap_seccomp_mode_names, stap_speculation_names,
	stap_memory_map_names, stap_memory_area_names, stap_mdwe_names, stap_arch_prctl_names, stap_ptrace_names,
	stap_ptrace_options_names, stap_register_set_names;
void stap_text_prctl2(struct stap_text *t, stap_long value, stap_long command);
void stap_text_prctl3(struct stap_text *t, stap_long value, stap_long command);
void stap_text_prctl4(struct stap_text *t, stap_long value, stap_long command);
void stap_text_prctl5(struct stap_text *t, stap_long value, stap_long command);
void stap_text_ptrace_pid(struct stap_text *t, stap_long pid, stap_long request);
void stap_text_ptrace_address(struct stap_text *t, stap_long address, stap_long request);
void stap_text_ptrace_data(struct stap_text *t, stap_long data, stap_long request);
void stap_text_arch_value(struct stap_text *t, stap_long value, stap_long code);

/* text_process.c */
extern const struct stap_names stap_clone_names, stap_unshare_names, stap_wait_names, stap_wait_id_names,
	stap_resource_names, stap_usage_names, stap_priority_names, stap_io_priority_which_names,
	stap_io_priority_class_names, stap_scheduler_names, stap_scheduler_flags_names, stap_futex_names,
	stap_futex2_names, stap_futex_operation_names, stap_futex_compare_names, stap_bitset_names, stap_rseq_names,
	stap_pidfd_names, stap_kcmp_names, stap_seccomp_names, stap_seccomp_filter_names, stap_personality_names,
	stap_capability_version_names, stap_capability_names;
void stap_text_clone(struct stap_text *t, stap_long value);
void stap_text_clone_arguments(struct stap_text *t, stap_long address, stap_long size);
void stap_text_limits(struct stap_text *t, stap_long address);
void stap_text_limits64(struct stap_text *t, stap_long address);
void stap_text_cpus(struct stap_text *t, stap_long address, stap_long size);
void stap_text_int_at(struct stap_text *t, stap_long address);
void stap_text_scheduling(struct stap_text *t, stap_long address);
void stap_text_io_priority(struct stap_text *t, stap_long value);
void stap_text_futex(struct stap_text *t, stap_long value);
void stap_text_futex_value(struct stap_text *t, stap_long value, stap_long operation);
void stap_text_futex_time(struct stap_text *t, stap_long value, stap_long operation);
void stap_text_futex_time64(struct stap_text *t, stap_long value, stap_long operation);
void stap_text_futex_second(struct stap_text *t, stap_long address, stap_long operation);
void stap_text_futex_third(struct stap_text *t, stap_long value, stap_long operation);
void stap_text_futex_waits(struct stap_text *t, stap_long address, stap_long count);
void stap_text_capability_header(struct stap_text *t, stap_long address);
void stap_text_capabilities(struct stap_text *t, stap_long address, stap_long header);
void stap_text_seccomp_flags(struct stap_text *t, stap_long flags, stap_long operation);
void stap_text_seccomp_argument(struct stap_text *t, stap_long address, stap_long operation);
void stap_text_personality(struct stap_text *t, stap_long value);
void stap_text_kcmp_index(struct stap_text *t, stap_long value, stap_long type);
void stap_text_kcmp_second(struct stap_text *t, stap_long value, stap_long type);
void stap_text_groups(struct stap_text *t, stap_long address, stap_long count);
void stap_text_groups16(struct stap_text *t, stap_long address, stap_long count);

/* text_signal.c */
extern const struct stap_names stap_sigaction_names, stap_sigmask_how_names, stap_stack_flags_names,
	stap_notify_how_names, stap_signal_code_names, stap_signalfd_names, stap_pidfd_signal_names;
void stap_text_signal(struct stap_text *t, stap_long value);
void stap_text_sigset(struct stap_text *t, stap_long address, stap_long size);
void stap_text_old_sigset(struct stap_text *t, stap_long address);
void stap_text_sigmask(struct stap_text *t, stap_long value);
void stap_text_signal_handler(struct stap_text *t, stap_long value);
void stap_text_sigaction(struct stap_text *t, stap_long address);
void stap_text_old_sigaction(struct stap_text *t, stap_long address);
void stap_text_siginfo(struct stap_text *t, stap_long address);
void stap_text_sigevent(struct stap_text *t, stap_long address);
void stap_text_signal_stack(struct stap_text *t, stap_long address);

/* text_socket.c */
extern const struct stap_names stap_family_names, stap_socket_type_names, stap_accept_names, stap_ip_protocol_names,
	stap_netlink_protocol_names, stap_message_names, stap_shutdown_names, stap_socket_call_names;
void stap_text_socket_family(struct stap_text *t, stap_long address);
void stap_text_socket_host(struct stap_text *t, stap_long address);
void stap_text_socket_port(struct stap_text *t, stap_long address);
void stap_text_socket_flow(struct stap_text *t, stap_long address);
void stap_text_socket_scope(struct stap_text *t, stap_long address);
void stap_text_sockaddr(struct stap_text *t, stap_long address, stap_long length);
void stap_text_protocol(struct stap_text *t, stap_long protocol, stap_long family);
void stap_text_message(struct stap_text *t, stap_long address);
void stap_text_messages(struct stap_text *t, stap_long address, stap_long count);
void stap_text_socket_arguments(struct stap_text *t, stap_long address, stap_long call);

/* text_sockopt.c */
extern const struct stap_names stap_option_level_names, stap_socket_option_names, stap_tcp_option_names,
	stap_udp_option_names, stap_ip_option_names, stap_ipv6_option_names, stap_packet_option_names,
	stap_netlink_option_names;
void stap_text_socket_option(struct stap_text *t, stap_long option, stap_long level);
void stap_text_option_value(struct stap_text *t, stap_long address, stap_long level, stap_long option, stap_long length);

/* text_system.c */
extern const struct stap_names stap_delete_module_names, stap_load_module_names, stap_reboot_magic_names,
	stap_reboot_magic2_names, stap_reboot_names, stap_kexec_names, stap_kexec_file_names, stap_syslog_names,
	stap_random_names, stap_perf_open_names, stap_perf_type_names, stap_perf_hardware_names,
	stap_perf_software_names, stap_perf_sample_names, stap_perf_read_names, stap_bpf_names, stap_bpf_map_names,
	stap_bpf_program_names, stap_bpf_update_names, stap_uring_enter_names, stap_uring_setup_names,
	stap_uring_register_names, stap_aio_operation_names, stap_aio_flags_names, stap_landlock_ruleset_names,
	stap_landlock_rule_names, stap_landlock_file_names, stap_landlock_net_names, stap_lsm_attribute_names,
	stap_lsm_flags_names;
void stap_text_perf_attributes(struct stap_text *t, stap_long address);
void stap_text_bpf_attributes(struct stap_text *t, stap_long address, stap_long command);
void stap_text_uring_setup(struct stap_text *t, stap_long address);
void stap_text_aio_request(struct stap_text *t, stap_long request);
void stap_text_aio_requests(struct stap_text *t, stap_long address, stap_long count);
void stap_text_landlock_rules(struct stap_text *t, stap_long address, stap_long size);
void stap_text_landlock_rule(struct stap_text *t, stap_long address, stap_long type);
void stap_text_syslog_buffer(struct stap_text *t, stap_long address, stap_long type);
void stap_text_syslog_length(struct stap_text *t, stap_long length, stap_long type);
void stap_text_restart(struct stap_text *t, stap_long address, stap_long command);
void stap_text_thread_area(struct stap_text *t, stap_long address);

/* text_time.c */
extern const struct stap_names stap_clock_names, stap_timer_names, stap_interval_timer_names, stap_timerfd_names,
	stap_timerfd_set_names, stap_adjust_names, stap_adjust_status_names;
void stap_text_timespec(struct stap_text *t, stap_long address);
void stap_text_timespec64(struct stap_text *t, stap_long address);
void stap_text_timeval(struct stap_text *t, stap_long address);
void stap_text_file_times(struct stap_text *t, stap_long address);
void stap_text_file_times64(struct stap_text *t, stap_long address);
void stap_text_timevals(struct stap_text *t, stap_long address);
void stap_text_utimbuf(struct stap_text *t, stap_long address);
stap_long stap_caller_word(stap_long address, int n);
void stap_text_itimerval(struct stap_text *t, stap_long address);
void stap_text_itimerspec(struct stap_text *t, stap_long address);
void stap_text_itimerspec64(struct stap_text *t, stap_long address);
void stap_text_timezone(struct stap_text *t, stap_long address);
void stap_text_clock(struct stap_text *t, stap_long value);
void stap_text_timex(struct stap_text *t, stap_long address);
void stap_text_timex64(struct stap_text *t, stap_long address);

/* text_vector.c */
void stap_text_vector(struct stap_text *t, stap_long address, stap_long count);
void stap_text_empty_vector(struct stap_text *t, stap_long address, stap_long count);

#endif
