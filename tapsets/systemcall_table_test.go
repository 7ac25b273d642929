package tapsets

import (
	"slices"
	"strings"
	"testing"
)

// withoutFunction are calls with a number that no kernel has a function for that stap knows, or only one of arm's.
const withoutFunction = `_sysctl afs_syscall bdflush break create_module epoll_ctl_old epoll_wait_old ftime get_kernel_syms getpmsg gtty idle
	lock mpx nfsservctl pciconfig_iobase pciconfig_read pciconfig_write prof profil putpmsg query_module security stty tuxcall ulimit vserver`

// TestSystemCallsAreComplete: T400: there is a row for each call that has a number.
func TestSystemCallsAreComplete(t *testing.T) {
	numbers, err := readSystemCallNumbers(systemCallNumberTable)
	if err != nil {
		t.Fatal(err)
	}
	lines := splitSystemCalls(systemCallTable)
	if !slices.IsSorted(lines.names) {
		t.Error("the table is not in the order of names")
	}
	has := map[string]bool{}
	for _, name := range lines.names {
		rows, err := lines.rows(name)
		if err != nil {
			t.Error(err)
		}
		for _, row := range rows {
			for _, number := range row.numbers {
				has[number] = true
			}
		}
	}
	for _, n := range numbers {
		if !has[n.name] && !slices.Contains(strings.Fields(withoutFunction), n.name) {
			t.Errorf("%s is not in the table", n.name)
		}
		if has[n.name] && slices.Contains(strings.Fields(withoutFunction), n.name) {
			t.Errorf("%s is in the table", n.name)
		}
		delete(has, n.name)
	}
	for name := range has {
		t.Errorf("%s has no number", name)
	}
}

// TestSystemCallVariables: T413, T418: names that scripts know calls and their arguments by.
func TestSystemCallVariables(t *testing.T) {
	lines := splitSystemCalls(systemCallTable)
	for call, variables := range map[string]string{
		"accept4":          "sockfd addr_uaddr addrlen_uaddr flags flags_str",
		"bind":             "sockfd my_addr_uaddr addrlen uaddr_af uaddr_ip uaddr_ip_port",
		"clone":            "clone_flags stack_start parent_tid_uaddr child_tid_uaddr",
		"compat_execve":    "filename args env_str",
		"compat_futex":     "futex_uaddr op val utime_uaddr uaddr2_uaddr val3",
		"epoll_ctl":        "epfd op op_str fd event_uaddr",
		"execve":           "filename args env_str",
		"fcntl":            "fd cmd cmd_str arg",
		"fsetxattr":        "filedes name_str name_str_unquoted name_uaddr value_str value_uaddr size flags flags_str",
		"ioctl":            "fd request argp",
		"kill":             "pid sig sig_name",
		"lchown16":         "path path_unquoted owner group",
		"llseek":           "fd offset_high offset_low result_uaddr whence whence_str",
		"mmap2":            "start length prot prot_str flags flags_str fd pgoffset",
		"mount":            "source source_unquoted target filesystemtype mountflags mountflags_str data data_unquoted",
		"mq_open":          "name_uaddr filename filename_unquoted oflag oflag_str mode u_attr_uaddr",
		"nanosleep":        "req_uaddr req_str rem_uaddr",
		"openat":           "dfd dfd_str filename filename_unquoted flags flags_str mode",
		"prctl":            "option arg2 arg3 arg4 arg5",
		"read":             "fd buf_uaddr count",
		"renameat":         "olddfd olddfd_str oldname oldname_str oldname_str_unquoted newdfd newname newname_str",
		"rt_sigaction32":   "sig sig_str act_uaddr act_str oact_uaddr sigsetsize",
		"semctl":           "semid semnum cmd cmdstr arg",
		"sendto":           "s buf buf_uaddr len flags flags_str to_uaddr to_str tolen",
		"settimeofday32":   "tv_uaddr tv_str tz_uaddr tz_str",
		"utime":            "filename filename_unquoted buf_uaddr actime modtime",
		"wait4":            "pid status_uaddr options options_str rusage_uaddr",
		"write":            "fd buf_str buf_uaddr count",
		"compat_sys_shmat": "shmid shmaddr_uaddr shmflg shmflg_str",
	} {
		rows, err := lines.rows(call)
		if err != nil || len(rows) == 0 {
			t.Errorf("%s: %d rows, %v", call, len(rows), err)
			continue
		}
		for _, row := range rows {
			var names []string
			for _, a := range row.arguments {
				if a.kind != nil {
					names = append(names, a.names()...)
				}
			}
			for _, wanted := range strings.Fields(variables) {
				if !slices.Contains(names, wanted) {
					t.Errorf("%s has no %s, but %v", call, wanted, names)
				}
			}
		}
	}
}
