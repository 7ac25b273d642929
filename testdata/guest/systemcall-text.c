// Makes system calls that do no harm, with arguments that are known: each tracer writes them in its way, and both
// ways are to say the same. What a call would fill in it does not get to: its other arguments are wrong.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#define call(name, ...) syscall(SYS_##name, ##__VA_ARGS__)
#define NOWHERE "/nowhere/at all\t\"here\""
#define MARK -4242

// Memory that stays where it is.
static char buffer[4096];
static long words[16];
static sigset_t set;
static const struct timespec time_ns = { 1, 5 }, bad_ns = { 3, -1 }, two_ns[2] = { { 7, 8 }, { 9, UTIME_OMIT } };
static const struct timeval bad_us = { 1, 1000000 };
static const struct itimerspec interval_ns = { { 0, 1 }, { 2, -3 } };
static const struct itimerval interval_us = { { 0, 1 }, { 2, -3 } };

static void files(void)
{
	static const struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 5, .l_len = 10 };
	static const struct open_how how = { .flags = O_RDWR | O_CREAT | O_CLOEXEC, .mode = 0600, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	static const char text[] = "abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz abcdefghijklmnopqrstuvwxyz";
	static const struct iovec vector[] = { { (void *)text, 4 }, { (void *)text, 60 }, { 0, 0 } };
	static loff_t offset = 123;
	struct { unsigned int bytes; int type; char handle[8]; } handle = { 8, 1, "handle\1" };

#ifdef SYS_open
	static const struct timeval two_us[2] = { { 1, 2 }, { 3, 4 } };

	call(open, NOWHERE, O_RDONLY);
	call(open, NOWHERE, O_RDWR | O_CREAT | O_EXCL | O_TRUNC, 0640);
	call(creat, NOWHERE, 0600);
	call(access, NOWHERE, R_OK | X_OK);
	call(access, (char *)8, F_OK);
	call(chmod, NOWHERE, 04755);
	call(chown, NOWHERE, 1, -1);
	call(lchown, NOWHERE, 1, 2);
	call(link, NOWHERE, "b");
	call(symlink, "a", NOWHERE);
	call(unlink, NOWHERE);
	call(rename, NOWHERE, "b");
	call(mkdir, NOWHERE, 0700);
	call(rmdir, NOWHERE);
	call(mknod, NOWHERE, S_IFCHR | 0600, makedev(1, 3));
	call(mknod, NOWHERE, S_IFIFO | 0644, 0);
	call(readlink, NOWHERE, buffer, 10);
	call(stat, NOWHERE, buffer);
	call(lstat, NOWHERE, buffer);
	call(utime, NOWHERE, &(struct utimbuf){ 1, 2 });
	call(utimes, NOWHERE, two_us);
	call(futimesat, AT_FDCWD, NOWHERE, two_us);
	call(dup2, -1, 5);
	call(pipe, 0);
	call(getdents, -1, buffer, 100);
	call(ustat, makedev(7, 99), buffer);
	call(eventfd, 1);
	call(signalfd, -1, &set, 8);
	call(inotify_init);
	call(epoll_create, 0);
#endif
	call(openat, AT_FDCWD, NOWHERE, O_WRONLY | O_APPEND | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	call(openat, 99, NOWHERE + 1, O_RDWR | O_TMPFILE, 0600);
	call(openat2, AT_FDCWD, NOWHERE, &how, sizeof(how));
	call(faccessat, AT_FDCWD, NOWHERE, W_OK);
	call(faccessat2, AT_FDCWD, NOWHERE, W_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW);
	call(fchmodat, AT_FDCWD, NOWHERE, 0644);
	call(fchownat, AT_FDCWD, NOWHERE, 1, 2, AT_SYMLINK_NOFOLLOW);
	call(linkat, AT_FDCWD, NOWHERE, 99, "b", AT_SYMLINK_FOLLOW);
	call(symlinkat, "a", AT_FDCWD, NOWHERE);
	call(unlinkat, AT_FDCWD, NOWHERE, AT_REMOVEDIR);
	call(renameat2, AT_FDCWD, NOWHERE, AT_FDCWD, "b", RENAME_NOREPLACE);
	call(mkdirat, AT_FDCWD, NOWHERE, 0700);
	call(mknodat, AT_FDCWD, NOWHERE, S_IFBLK | 0600, makedev(8, 300));
	call(readlinkat, AT_FDCWD, NOWHERE, buffer, 10);
	call(newfstatat, AT_FDCWD, NOWHERE, buffer, AT_SYMLINK_NOFOLLOW);
	call(statx, AT_FDCWD, NOWHERE, AT_STATX_FORCE_SYNC | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, buffer);
	call(statx, AT_FDCWD, NOWHERE, 0, STATX_MODE | STATX_SIZE, buffer);
	call(utimensat, AT_FDCWD, NOWHERE, two_ns, AT_SYMLINK_NOFOLLOW);
	call(utimensat, -1, 0, 0, 0);
	call(statfs, NOWHERE, buffer);
	call(fstatfs, -1, buffer);
	call(fstat, -1, buffer);
	call(fchmod, -1, 0600);
	call(fchown, -1, 1, 2);
	call(fchdir, -1);
	call(chdir, NOWHERE);
	call(chroot, NOWHERE);
	call(truncate, NOWHERE, 100);
	call(ftruncate, -1, 1L << 40);
	call(close, -1);
	call(close_range, 4000, 4001, CLOSE_RANGE_CLOEXEC);
	call(dup, -1);
	call(dup3, -1, 7, O_CLOEXEC);
	call(pipe2, 0, O_CLOEXEC | O_NONBLOCK);
	call(eventfd2, 1, EFD_CLOEXEC | EFD_SEMAPHORE | 4);
	call(lseek, -1, -5L, SEEK_END);
	call(read, -1, buffer, 10);
	call(write, -1, text, 4);
	call(write, -1, text, sizeof(text) - 1);
	call(write, -1, "\a\b\033\\\"\r\n", 7);
	call(write, -1, 0, 4);
	call(pread64, -1, buffer, 10, 7);
	call(pwrite64, -1, text, 5, 1L << 33);
	call(readv, -1, vector, 2);
	call(writev, -1, vector, 3);
	call(preadv, -1, vector, 2, 5L, 0L);
	call(pwritev, -1, vector, 2, 5L, 0L);
	call(preadv2, -1, vector, 1, 5L, 0L, RWF_NOWAIT);
	call(pwritev2, -1, vector, 1, 5L, 0L, RWF_DSYNC | RWF_APPEND);
	call(sendfile, -1, -2, 0, 10);
	call(splice, -1, &offset, -2, 0, 10, SPLICE_F_MOVE | SPLICE_F_MORE);
	call(tee, -1, -2, 10, SPLICE_F_NONBLOCK);
	call(vmsplice, -1, vector, 1, SPLICE_F_GIFT);
	call(copy_file_range, -1, &offset, -2, 0, 10, 0);
	call(readahead, -1, 5L, 10);
	call(fadvise64, -1, 5L, 10, POSIX_FADV_WILLNEED);
	call(fallocate, -1, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 5L, 10L);
	call(fsync, -1);
	call(fdatasync, -1);
	call(syncfs, -1);
	call(sync);
	call(sync_file_range, -1, 5L, 10L, SYNC_FILE_RANGE_WRITE);
	call(flock, -1, LOCK_EX | LOCK_NB);
	call(fcntl, -1, F_DUPFD, 5);
	call(fcntl, -1, F_GETFD);
	call(fcntl, -1, F_SETFD, FD_CLOEXEC);
	call(fcntl, -1, F_SETFL, O_APPEND | O_NONBLOCK);
	call(fcntl, -1, F_SETLK, &lock);
	call(fcntl, -1, F_SETSIG, SIGUSR1);
	call(fcntl, -1, F_SETLEASE, F_RDLCK);
	call(fcntl, -1, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SEAL);
	call(fcntl, -1, F_NOTIFY, DN_CREATE | DN_DELETE);
	call(fcntl, -1, F_SETPIPE_SZ, 4096);
	call(fcntl, -1, F_SETOWN, 12);
	call(setxattr, NOWHERE, "user.a", text, 3, XATTR_CREATE);
	call(lsetxattr, NOWHERE, "user.a", text, 3, 0);
	call(fsetxattr, -1, "user.a", text, 3, XATTR_REPLACE);
	call(getxattr, NOWHERE, "user.a", buffer, 10);
	call(lgetxattr, NOWHERE, "user.a", buffer, 10);
	call(fgetxattr, -1, "user.a", buffer, 10);
	call(listxattr, NOWHERE, buffer, 10);
	call(llistxattr, NOWHERE, buffer, 10);
	call(flistxattr, -1, buffer, 10);
	call(removexattr, NOWHERE, "user.a");
	call(lremovexattr, NOWHERE, "user.a");
	call(fremovexattr, -1, "user.a");
	call(getdents64, -1, buffer, 100);
	call(getcwd, 0, 0);
	call(umask, 022);
	call(inotify_init1, 1);
	call(inotify_add_watch, -1, NOWHERE, IN_CREATE | IN_DELETE | IN_ONLYDIR);
	call(inotify_rm_watch, -1, 1);
	call(fanotify_init, 0x80000000, O_RDONLY | O_LARGEFILE);
	call(fanotify_mark, -1, 1 | 0x10, 0x20L | 0x40000000L, AT_FDCWD, NOWHERE);
	call(name_to_handle_at, AT_FDCWD, NOWHERE, &handle, buffer, AT_SYMLINK_FOLLOW);
	call(open_by_handle_at, -1, &handle, O_RDONLY | O_PATH);
	call(memfd_create, 0, 1 | 2);
	call(acct, NOWHERE);
}

static void mounts(void)
{
	call(mount, "from", NOWHERE, "ext4", MS_RDONLY | MS_NOSUID | MS_NOEXEC, "data=1");
	call(mount, "from", NOWHERE, 0, MS_BIND | MS_REC, 0);
	call(umount2, NOWHERE, MNT_DETACH | UMOUNT_NOFOLLOW);
	call(pivot_root, NOWHERE, "old");
	call(swapon, NOWHERE, SWAP_FLAG_PREFER | SWAP_FLAG_DISCARD | 3);
	call(swapoff, NOWHERE);
	call(fsopen, "no such system", 1);
	call(fsconfig, -1, 1, "source", "/dev/x", 0);
	call(fsconfig, -1, 6, 0, 0, 0);
	call(fsmount, -1, 1, 0);
	call(fspick, AT_FDCWD, NOWHERE, 3);
	call(move_mount, AT_FDCWD, NOWHERE, AT_FDCWD, "b", 0x44);
	call(open_tree, AT_FDCWD, NOWHERE, 0x80000 | 1);
	static const struct { unsigned long set, clear, propagation, fd; } change = { 1 | 0x10, 2, MS_PRIVATE, 0 };

	call(mount_setattr, AT_FDCWD, NOWHERE, 0x8000 | AT_SYMLINK_NOFOLLOW, &change, sizeof(change));
	call(quotactl_fd, -1, 0x80000700 | 2, 5, buffer);
	call(quotactl, 0x80000700 | 1, "/dev/nowhere", 5, buffer);
}

static void memory(void)
{
	void *area = (void *)0x10000000;
	unsigned long nodes = 3;

	call(mmap, 0, 0, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	call(mmap, area, 4096, PROT_NONE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, -1, 4096);
	call(mprotect, area + 1, 4096, PROT_READ | PROT_EXEC);
	call(munmap, area + 1, 4096);
	call(mremap, area + 1, 4096, 8192, MREMAP_MAYMOVE);
	call(mremap, area + 1, 4096, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, area);
	call(madvise, area + 1, 4096, MADV_DONTNEED);
	call(msync, area + 1, 4096, MS_SYNC | MS_INVALIDATE);
	call(mincore, area + 1, 4096, buffer);
	call(mlock, area, 4096);
	call(mlock2, area, 4096, 1);
	call(munlock, area, 4096);
	call(mlockall, 0x80 | MCL_CURRENT);
	call(munlockall);
	call(mbind, area + 1, 4096, 2, &nodes, 8L, 1);
	call(set_mempolicy, 99, &nodes, 8L);
	call(get_mempolicy, buffer, buffer, 0x100000000L, area, 2L);
	call(migrate_pages, 999999, 8L, &nodes, &nodes);
	call(move_pages, 999999, 0L, 0, 0, 0, 2);
	call(remap_file_pages, area, 4096, 0, 1L, 0);
	call(pkey_alloc, 1L, 1L);
	call(pkey_free, 99);
	call(pkey_mprotect, area + 1, 4096, PROT_READ, 99);
	call(membarrier, 0, 0, 0);
	call(set_mempolicy_home_node, area, 4096, 99L, 1L);
	call(process_vm_writev, 999999, &(struct iovec){ "abc", 3 }, 1L, &(struct iovec){ (void *)0x1000, 3 }, 1L, 0L);
	call(userfaultfd, 0x40000000 | O_CLOEXEC);
	call(process_vm_readv, 999999, 0, 0L, 0, 0L, 0L);
	call(process_madvise, -1, 0, 0, MADV_COLD, 0);
}

static void signals(void)
{
	struct kernel_action { void *handler; unsigned long flags; void *restorer; unsigned long mask; };
	static const struct kernel_action action = { (void *)0x1000, SA_RESTART | SA_SIGINFO | 0x04000000, (void *)0x2000, 1 << (SIGINT - 1) };
	static const struct kernel_action ignore = { SIG_IGN, SA_NODEFER, 0, 0 };
	static const stack_t stack = { .ss_sp = (void *)0x5000, .ss_flags = 99, .ss_size = 8192 };
	static siginfo_t info;
	static unsigned long nearly_all = ~6UL;

	call(rt_sigaction, SIGUSR1, &ignore, 0, 8);
	call(rt_sigaction, SIGKILL, &action, 0, 8);
	call(rt_sigaction, 40, &action, (void *)0x6000, 4);
	call(rt_sigprocmask, 99, &nearly_all, 0, 8);
	call(rt_sigprocmask, SIG_UNBLOCK, &set, (void *)0x6000, 4);
	call(rt_sigprocmask, SIG_UNBLOCK, &set, 0, 8);
	call(rt_sigpending, buffer, 99);
	call(rt_sigsuspend, &set, 4);
	call(rt_sigtimedwait, &set, 0, &bad_ns, 8);
	call(sigaltstack, &stack, 0);
	call(kill, 999999, SIGTERM);
	call(kill, 999999, 0);
	call(tkill, 999999, SIGHUP);
	call(tgkill, 999999, 999999, 34);
	info.si_signo = SIGUSR1;
	info.si_code = SI_QUEUE;
	info.si_pid = 5;
	info.si_uid = 6;
	info.si_value.sival_int = 7;
	call(rt_sigqueueinfo, 999999, SIGUSR1, &info);
	call(rt_tgsigqueueinfo, 999999, 999999, SIGUSR1, &info);
	call(signalfd4, -1, &set, 8, SFD_CLOEXEC | SFD_NONBLOCK);
	call(pidfd_send_signal, -1, SIGUSR1, 0, 0);
}

static void sockets(void)
{
	static const struct sockaddr_in inet = { .sin_family = AF_INET, .sin_port = 0x5000, .sin_addr = { 0x0100007f } };
	static struct sockaddr_in6 inet6 = { .sin6_family = AF_INET6, .sin6_port = 0x5000 };
	static const struct sockaddr_un local = { .sun_family = AF_UNIX, .sun_path = "/nowhere" }, abstract = { .sun_family = AF_UNIX, .sun_path = "\0name" };
	static const struct sockaddr_nl netlink = { .nl_family = AF_NETLINK, .nl_pid = 12, .nl_groups = 3 };
	static const struct linger linger = { 1, 5 };
	static const int one = 1;
	static struct iovec vector[] = { { "abc", 3 }, { "de", 2 } };
	static struct { struct cmsghdr header; int fds[2]; } control = { { sizeof(control), SOL_SOCKET, SCM_RIGHTS }, { 7, 8 } };
	static struct msghdr message = { (void *)&inet, sizeof(inet), vector, 2, &control, sizeof(control), 0 };
	static struct mmsghdr messages[1];

	messages[0].msg_hdr = message;
	inet6.sin6_addr.s6_addr[0] = 0x20;
	inet6.sin6_addr.s6_addr[15] = 1;
	call(socket, 99, SOCK_STREAM | SOCK_CLOEXEC, 0);
	call(socket, AF_INET, 7, IPPROTO_TCP);
	call(socket, AF_NETLINK, 7, 0);
	call(socketpair, AF_UNIX, 7, 0, buffer);
	call(bind, -1, &inet, sizeof(inet));
	call(connect, -1, &inet6, sizeof(inet6));
	call(connect, -1, &local, 2 + 9);
	call(connect, -1, &abstract, 2 + 5);
	call(connect, -1, &netlink, sizeof(netlink));
	call(connect, -1, 0, 0);
	call(listen, -1, 5);
	call(accept, -1, 0, 0);
	call(accept4, -1, buffer, words, SOCK_CLOEXEC | SOCK_NONBLOCK);
	call(getsockname, -1, buffer, words);
	call(getpeername, -1, buffer, words);
	call(sendto, -1, "abc", 3, MSG_NOSIGNAL | MSG_DONTWAIT, &inet, sizeof(inet));
	call(sendto, -1, "abc", 3, 0, 0, 0);
	call(recvfrom, -1, buffer, 10, MSG_PEEK, buffer, words);
	call(sendmsg, -1, &message, MSG_MORE);
	call(recvmsg, -1, &message, MSG_TRUNC);
	call(sendmmsg, -1, messages, 1, MSG_NOSIGNAL);
	call(recvmmsg, -1, messages, 1, MSG_WAITFORONE, 0);
	call(setsockopt, -1, SOL_SOCKET, SO_REUSEADDR, &one, 4);
	call(setsockopt, -1, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	call(setsockopt, -1, SOL_TCP, TCP_NODELAY, &one, 4);
	call(setsockopt, -1, SOL_IPV6, IPV6_V6ONLY, &one, 4);
	call(getsockopt, -1, SOL_IP, IP_TTL, buffer, words);
	call(shutdown, -1, SHUT_WR);
}

static void waits(void)
{
	static const struct pollfd polls[] = { { -1, 0, 0 }, { -2, POLLIN | POLLPRI, 0 } };
	static const struct epoll_event event = { EPOLLIN | EPOLLET, { .u64 = 0x100000007 } };
	fd_set reading;

	FD_ZERO(&reading);
	FD_SET(77, &reading);
	FD_SET(0, &reading);
#ifdef SYS_poll
	call(poll, &(struct pollfd){ 77, POLLOUT, 0 }, 1, 5);
	call(select, 78, &reading, 0, 0, &(struct timeval){ 2, 7 });
	call(epoll_wait, -1, buffer, 3, 100);
	call(alarm, 0);
#endif
	call(ppoll, polls, 2, &bad_ns, &set, 8);
	call(pselect6, 78, 0, &reading, 0, &bad_ns, 0);
	call(epoll_create1, 1);
	call(epoll_ctl, -1, EPOLL_CTL_ADD, 5, &event);
	call(epoll_ctl, -1, EPOLL_CTL_DEL, 5, 0);
	call(epoll_pwait, -1, buffer, 3, 100, &set, 8);
	call(epoll_pwait2, -1, buffer, 3, &time_ns, &set, 8);
}

static void times(void)
{
	static const struct sigevent event = { .sigev_signo = SIGALRM, .sigev_notify = SIGEV_SIGNAL, .sigev_value = { .sival_ptr = (void *)0x77 } };

	call(nanosleep, &bad_ns, buffer);
	call(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &time_ns, 0);
	call(clock_gettime, 99, buffer);
	call(clock_getres, 99, buffer);
	call(clock_settime, CLOCK_MONOTONIC, &time_ns);
	call(settimeofday, &bad_us, 0);
	call(setitimer, ITIMER_VIRTUAL, &interval_us, 0);
	call(getitimer, 99, buffer);
	call(timer_create, 99, &event, buffer);
	call(timer_settime, 99, TIMER_ABSTIME, &interval_ns, 0);
	call(timer_gettime, 99, buffer);
	call(timer_getoverrun, 99);
	call(timer_delete, 99);
	call(timerfd_create, 99, TFD_CLOEXEC);
	call(timerfd_settime, -1, TFD_TIMER_ABSTIME, &interval_ns, 0);
	call(timerfd_gettime, -1, buffer);
}

static void processes(void)
{
	static const struct rlimit limit = { 1024, 8 << 20 };
	static const struct rlimit64 { unsigned long current, most; } limit64 = { 5, ~0UL };
	static const struct { unsigned int size, policy; unsigned long flags; int nice; unsigned int priority; unsigned long times[3]; } scheduling = { 48, SCHED_BATCH, 0, 3, 0, { 0 } };
	static const struct sched_param priority = { 5 };
	static const struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 999999 };
	static const struct __user_cap_data_struct capabilities[2] = { { 1 << CAP_KILL | 1 << CAP_CHOWN, 0, 0 }, { 0, 1 << (CAP_BPF - 32), 0 } };
	static const struct clone_args arguments = { .flags = CLONE_SIGHAND, .exit_signal = SIGCHLD };
	static const unsigned int groups[] = { 4, 5 };
	static unsigned int futex = 1;
	unsigned long cpus = 5;

	call(getpid);
	call(gettid);
	call(getppid);
	call(getuid);
	call(geteuid);
	call(getgid);
	call(getegid);
#ifdef SYS_getpgrp
	call(getpgrp);
	call(time, 0);
#endif
	call(getpgid, 999999);
	call(getsid, 999999);
	call(setpgid, 999999, 5);
	call(getresuid, (void *)8, (void *)8, (void *)8);
	call(getresgid, (void *)8, (void *)8, (void *)8);
	call(setresuid, -1, -1, -1);
	call(setresgid, -1, -1, -1);
	call(setreuid, -1, -1);
	call(setregid, -1, -1);
	call(setfsuid, -1);
	call(setfsgid, -1);
	call(setuid, -1);
	call(setgid, -1);
	call(getgroups, -1, buffer);
	call(setgroups, 100000, groups);
	call(clone, CLONE_SIGHAND | CLONE_PARENT_SETTID | SIGCHLD, 0L, 0L, 0L, 0L);
	call(clone3, &arguments, sizeof(arguments));
	call(unshare, 0x40000000L | CLONE_PTRACE);
	call(setns, -1, CLONE_NEWNET);
	call(wait4, 999999, 0, WNOHANG, 0);
	call(waitid, P_PID, 999999, 0, WEXITED | WNOHANG, 0);
	call(getpriority, PRIO_USER, 999999);
	call(setpriority, PRIO_PROCESS, 999999, 3);
	call(ioprio_get, 1, 999999);
	call(ioprio_set, 1, 999999, 2 << 13 | 4);
	call(getrlimit, 99, buffer);
	call(setrlimit, 99, &limit);
	call(prlimit64, 999999, RLIMIT_NOFILE, &limit64, 0);
	call(getrusage, 99, buffer);
	call(sched_setaffinity, 999999, 8, &cpus);
	call(sched_getaffinity, 999999, 8, buffer);
	call(sched_setscheduler, 999999, SCHED_FIFO, &priority);
	call(sched_getscheduler, 999999);
	call(sched_setparam, 999999, &priority);
	call(sched_getparam, 999999, buffer);
	call(sched_setattr, 999999, &scheduling, 0);
	call(sched_getattr, 999999, buffer, 48, 0);
	call(sched_get_priority_max, SCHED_RR);
	call(sched_get_priority_min, SCHED_IDLE);
	call(sched_rr_get_interval, 999999, buffer);
	call(sched_yield);
	call(futex, &futex, FUTEX_WAIT_PRIVATE, 2, &time_ns);
	call(futex, &futex, FUTEX_WAKE, 1);
	call(futex, &futex, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 2, 0, 0, -1);
	call(futex, &futex, FUTEX_CMP_REQUEUE, 1, 2L, &futex, 3);
	call(futex, &futex, FUTEX_WAKE_OP, 1, 2L, &futex, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_GT, 4));
	call(futex, &futex, FUTEX_UNLOCK_PI);
	call(futex, &futex, FUTEX_TRYLOCK_PI | FUTEX_PRIVATE_FLAG);
	call(futex, &futex, FUTEX_REQUEUE_PRIVATE, 1, 2L, &futex);
	call(futex_waitv, &(struct futex_waitv){ 1, (long)&futex, FUTEX_32 | FUTEX_PRIVATE_FLAG, 0 }, 1, 1, 0, CLOCK_MONOTONIC);
	call(set_robust_list, buffer, 1);
	call(get_robust_list, 999999, buffer, buffer);
	call(rseq, buffer, 1, 0, 0x53053053);
	call(personality, 0xffffffff);
	call(capget, &header, 0);
	call(capset, &header, capabilities);
	call(kcmp, 999999, 999999, 0, 1L, 2L);
	call(kcmp, 999999, 999999, 1, 1L, 2L);
	call(seccomp, 2, 0, (void *)0x1000);
	call(pidfd_open, 999999, 0);
	call(pidfd_getfd, -1, 5, 0);
	call(process_mrelease, -1, 0);
	call(ptrace, PTRACE_PEEKDATA, 999999, 0x1000L, 0x2000L);
	call(ptrace, PTRACE_CONT, 999999, 1L, SIGINT);
	call(ptrace, PTRACE_SETOPTIONS, 999999, 0L, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
	call(execve, NOWHERE, (char *[]){ "a", "b c", 0 }, (char *[]){ "X=1", 0 });
	call(execveat, AT_FDCWD, NOWHERE, (char *[]){ "a", 0 }, (char *[]){ 0 }, AT_SYMLINK_NOFOLLOW);
}

static void controls(void)
{
	call(prctl, PR_SET_NAME, "some name");
	call(prctl, PR_GET_DUMPABLE);
	call(prctl, PR_SET_PDEATHSIG, 0L);
	call(prctl, PR_CAPBSET_READ, CAP_SYS_ADMIN);
	call(prctl, PR_SET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L);
	call(prctl, PR_GET_SECUREBITS);
	call(prctl, PR_SET_MM, PR_SET_MM_BRK, 1L, 0L, 0L);
	call(prctl, PR_GET_NAME, 8L);
	call(prctl, PR_SET_DUMPABLE, 1L);
	call(prctl, PR_GET_CHILD_SUBREAPER, 8L);
	call(prctl, PR_SET_KEEPCAPS, 2L);
	call(prctl, PR_GET_THP_DISABLE, 0L, 0L, 0L, 0L);
	call(prctl, PR_SET_VMA, 0L, 0x1000L, 4096L, "name");
	call(prctl, PR_SET_TIMERSLACK, 50000L);
	call(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, 7L, 0L, 0L);
#ifdef SYS_arch_prctl
	call(arch_prctl, 0x1003, 8L);
	call(iopl, 9);
	call(ioperm, 70000L, 1L, 1);
	call(modify_ldt, 0, buffer, 5L);
#endif
}

static void queues(void)
{
	static struct mq_attr attributes = { .mq_maxmsg = -1, .mq_msgsize = 100 };
	static struct { long type; char text[8]; } message = { 5, "text" };
	static struct sembuf operations[] = { { 0, 1, IPC_NOWAIT }, { 1, -1, SEM_UNDO | IPC_NOWAIT } };
	static const struct sigevent event = { .sigev_notify = SIGEV_NONE };

	call(mq_open, "a/b", O_RDWR | O_CREAT, 0600, &attributes);
	call(mq_unlink, "nowhere");
	call(mq_timedsend, -1, "abc", 3, 7, &time_ns);
	call(mq_timedreceive, -1, buffer, 3, 0, &time_ns);
	call(mq_notify, -1, &event);
	call(mq_getsetattr, -1, &attributes, 0);
	call(msgget, 0x1234, 0644);
	call(msgget, IPC_PRIVATE, 0);
	call(msgsnd, -1, &message, 4, IPC_NOWAIT);
	call(msgrcv, -1, buffer, 4, 0, MSG_NOERROR);
	call(msgctl, -1, IPC_RMID, 0);
	call(semget, 0x1234, 1, IPC_EXCL | 0600);
	call(semop, -1, operations, 2);
	call(semtimedop, -1, operations, 1, &time_ns);
	call(semctl, -1, 0, IPC_RMID);
	call(shmget, 0x1234, 4096L, 0600);
	call(shmat, -1, 0, SHM_RDONLY);
	call(shmdt, (void *)0x1000);
	call(shmctl, -1, IPC_RMID, 0);
	call(add_key, "no such type", "description", "payload", 7, KEY_SPEC_SESSION_KEYRING);
	call(request_key, "no such type", "description", 0, KEY_SPEC_PROCESS_KEYRING);
	call(keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 0);
	call(keyctl, KEYCTL_READ, 999999, buffer, 10L);
	call(keyctl, KEYCTL_SETPERM, 999999, 0x3f000000);
	call(keyctl, KEYCTL_CHOWN, 999999, 1, -1);
	call(keyctl, KEYCTL_LINK, 999999, KEY_SPEC_SESSION_KEYRING);
	call(keyctl, KEYCTL_SET_TIMEOUT, 999999, 5);
	call(keyctl, KEYCTL_JOIN_SESSION_KEYRING, 8);
	call(keyctl, KEYCTL_REVOKE, 999999);
	call(keyctl, KEYCTL_SEARCH, 999999, "type", "description", KEY_SPEC_THREAD_KEYRING);
}

static void kernel(void)
{
	static const struct perf_event_attr attributes = { .type = 99, .size = 64, .config = 7, .sample_period = 3, .disabled = 1 };
	static const struct iocb request = { .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = -1, .aio_buf = (long)"abc", .aio_nbytes = 3 };
	static const struct iocb *requests[] = { &request };
	static const union bpf_attr create = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 3, .value_size = 4, .max_entries = 5 };
	static const char text[] = "a name that is longer than any machine may have, which is only sixty-four bytes";
	static struct io_uring_params ring = { .flags = IORING_SETUP_SQPOLL | IORING_SETUP_CQSIZE };

	call(init_module, 0, 0L, "a=1");
	call(finit_module, -1, "a=1", 3);
	call(delete_module, "no_such_module", O_NONBLOCK);
	call(reboot, 1, 2, 3, 0);
	call(syslog, 10, 0, 0);
	call(sysinfo, (void *)8);
	call(uname, (void *)8);
	call(sethostname, text, 70);
	call(setdomainname, text, 70);
	call(getrandom, 0, 0, 1);
	call(getcpu, (void *)8, 0, 0);
	call(perf_event_open, &attributes, 0, -1, -1, 8L);
	call(bpf, BPF_MAP_CREATE, &create, 24);
	call(io_setup, 0, buffer);
	call(io_submit, 5L, 1L, requests);
	call(io_getevents, 5L, 1L, 2L, buffer, 0);
	call(io_destroy, 5L);
	call(io_uring_setup, 0, &ring);
	call(io_uring_enter, -1, 1, 2, IORING_ENTER_GETEVENTS, 0, 8L);
	call(io_uring_register, -1, IORING_UNREGISTER_FILES, 0, 0);
	call(landlock_create_ruleset, 0, 0L, 1);
	call(landlock_create_ruleset, &(unsigned long){ 1L << 40 | 5 }, 8L, 0);
	call(landlock_add_rule, -1, 1, &(struct { unsigned long access; int fd; }){ 3, 7 }, 0);
	call(io_pgetevents, 5L, 1L, 2L, buffer, 0, 0);
	call(io_cancel, 5L, buffer, buffer);
	call(kexec_load, 0x1000L, 99L, 0, 62L << 16 | 1);
	call(kexec_file_load, -1, -1, 4L, "a=1", 6L);
	call(ioctl, -1, 0x5413, buffer);
	call(landlock_restrict_self, -1, 0);
}

// Calls whose text the test has word for word.
static void shapes(void)
{
	static const struct sockaddr_in inet = { .sin_family = AF_INET, .sin_port = 0x5000, .sin_addr = { 0x0100007f } };
	int file = call(openat, AT_FDCWD, "/tmp/x", O_RDWR | O_CREAT, 0644);

	call(openat, AT_FDCWD, "/tmp/x", O_RDONLY, 0644);
	call(read, file, buffer, 512);
	call(write, file, "data", 4);
	call(write, file, "12345678901234567890123456789012345678901234567890x", 51);
	call(close, file);
	call(ioctl, -1, 21505, buffer);
	call(mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	call(execve, "/bin/no such", (char *[]){ "ls", "-l", 0 }, (char *[]){ "HOME=/root", 0 });
	call(connect, -1, &inet, 16);
	call(kill, 999999, SIGTERM);
	call(nanosleep, &(struct timespec){ 1, 0 }, buffer);
	call(wait4, -1, 0, WNOHANG, 0);
}

// What a call reads must be in memory when it begins: a handler does not wait for it.
static void touch(void)
{
	extern char __executable_start[], end[];
	unsigned char here;

	for (char *page = __executable_start; page < end; page += 4096)
		if (!mincore((void *)((unsigned long)page & -4096UL), 4096, &here)) /* there are gaps between parts */
			(void)*(volatile char *)page;
}

int main(int count, char **arguments)
{
	touch();
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR2);
	call(close, MARK);
	if (count > 1) {
		shapes();
	} else {
		files();
		mounts();
		memory();
		signals();
		sockets();
		waits();
		times();
		processes();
		controls();
		queues();
		kernel();
	}
	call(close, MARK);
	return 0;
}
