/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Text of system calls on memory. */
#include "stap.h"

/* Only x86 has memory below 4 GB apart. */
#ifdef __x86_64__
#define MMAP_NAMES_OF_MACHINE(N) N(MAP_32BIT, 0x40)
#else
#define MMAP_NAMES_OF_MACHINE(N)
#endif
#define MMAP_NAMES(N) \
	N(MAP_FILE, 0) N(MAP_SHARED, 1) N(MAP_PRIVATE, 2) N(MAP_SHARED_VALIDATE, 3) N(MAP_DROPPABLE, 8) MMAP_NAMES_OF_MACHINE(N) \
	N(MAP_FIXED, 0x10) N(MAP_ANONYMOUS, 0x20) N(MAP_NORESERVE, 0x4000) N(MAP_POPULATE, 0x8000) N(MAP_NONBLOCK, 0x10000) \
	N(MAP_GROWSDOWN, 0x100) N(MAP_DENYWRITE, 0x800) N(MAP_EXECUTABLE, 0x1000) N(MAP_LOCKED, 0x2000) N(MAP_STACK, 0x20000) \
	N(MAP_HUGETLB, 0x40000) N(MAP_SYNC, 0x80000) N(MAP_FIXED_NOREPLACE, 0x100000) N(MAP_UNINITIALIZED, 0x4000000)
static const struct stap_names stap_mmap_flags = STAP_NAMES(MMAP_NAMES, 0xf);

#define PROTECTION_NAMES(N) \
	N(PROT_NONE, 0x0) N(PROT_READ, 0x1) N(PROT_WRITE, 0x2) N(PROT_EXEC, 0x4) N(PROT_SEM, 0x8) \
	N(PROT_GROWSDOWN, 0x1000000) N(PROT_GROWSUP, 0x2000000)
const struct stap_names stap_protection_names = STAP_NAMES(PROTECTION_NAMES, 0);

#define MREMAP_NAMES(N) \
	N(MREMAP_MAYMOVE, 0x1) N(MREMAP_FIXED, 0x2) N(MREMAP_DONTUNMAP, 0x4)
const struct stap_names stap_mremap_names = STAP_NAMES(MREMAP_NAMES, 0);

#define ADVICE_NAMES(N) \
	N(MADV_NORMAL, 0) N(MADV_RANDOM, 1) N(MADV_SEQUENTIAL, 2) N(MADV_WILLNEED, 3) N(MADV_DONTNEED, 4) N(MADV_FREE, 8) \
	N(MADV_REMOVE, 9) N(MADV_DONTFORK, 10) N(MADV_DOFORK, 11) N(MADV_HWPOISON, 100) N(MADV_SOFT_OFFLINE, 101) \
	N(MADV_MERGEABLE, 12) N(MADV_UNMERGEABLE, 13) N(MADV_HUGEPAGE, 14) N(MADV_NOHUGEPAGE, 15) N(MADV_DONTDUMP, 16) \
	N(MADV_DODUMP, 17) N(MADV_WIPEONFORK, 18) N(MADV_KEEPONFORK, 19) N(MADV_COLD, 20) N(MADV_PAGEOUT, 21) \
	N(MADV_POPULATE_READ, 22) N(MADV_POPULATE_WRITE, 23) N(MADV_DONTNEED_LOCKED, 24) N(MADV_COLLAPSE, 25)
const struct stap_names stap_advice_names = STAP_NAMES(ADVICE_NAMES, STAP_ONE_OF);

#define MSYNC_NAMES(N) \
	N(MS_ASYNC, 0x1) N(MS_INVALIDATE, 0x2) N(MS_SYNC, 0x4)
const struct stap_names stap_msync_names = STAP_NAMES(MSYNC_NAMES, 0);

#define MLOCK_NAMES(N) \
	N(MLOCK_ONFAULT, 0x1)
const struct stap_names stap_mlock_names = STAP_NAMES(MLOCK_NAMES, 0);

#define MLOCKALL_NAMES(N) \
	N(MCL_CURRENT, 0x1) N(MCL_FUTURE, 0x2) N(MCL_ONFAULT, 0x4)
const struct stap_names stap_mlockall_names = STAP_NAMES(MLOCKALL_NAMES, 0);

#define POLICY_NAMES(N) \
	N(MPOL_DEFAULT, 0x0) N(MPOL_PREFERRED, 0x1) N(MPOL_BIND, 0x2) N(MPOL_INTERLEAVE, 0x3) N(MPOL_LOCAL, 0x4) \
	N(MPOL_PREFERRED_MANY, 0x5) N(MPOL_WEIGHTED_INTERLEAVE, 0x6) N(MPOL_F_STATIC_NODES, 0x8000) \
	N(MPOL_F_RELATIVE_NODES, 0x4000) N(MPOL_F_NUMA_BALANCING, 0x2000)
const struct stap_names stap_policy_names = STAP_NAMES(POLICY_NAMES, 0x1fff);

#define POLICY_FLAGS_NAMES(N) \
	N(MPOL_F_NODE, 0x1) N(MPOL_F_ADDR, 0x2) N(MPOL_F_MEMS_ALLOWED, 0x4)
const struct stap_names stap_policy_flags_names = STAP_NAMES(POLICY_FLAGS_NAMES, 0);

#define MOVE_FLAGS_NAMES(N) \
	N(MPOL_MF_STRICT, 0x1) N(MPOL_MF_MOVE, 0x2) N(MPOL_MF_MOVE_ALL, 0x4)
const struct stap_names stap_move_flags_names = STAP_NAMES(MOVE_FLAGS_NAMES, 0);

#define MEMFD_NAMES(N) \
	N(MFD_CLOEXEC, 0x1) N(MFD_ALLOW_SEALING, 0x2) N(MFD_HUGETLB, 0x4) N(MFD_NOEXEC_SEAL, 0x8) N(MFD_EXEC, 0x10)
const struct stap_names stap_memfd_names = STAP_NAMES(MEMFD_NAMES, 0);

#define KEY_RIGHTS_NAMES(N) \
	N(PKEY_DISABLE_ACCESS, 0x1) N(PKEY_DISABLE_WRITE, 0x2)
const struct stap_names stap_key_rights_names = STAP_NAMES(KEY_RIGHTS_NAMES, 0);

#define USERFAULTFD_NAMES(N) \
	N(UFFD_USER_MODE_ONLY, 0x1) N(O_NONBLOCK, 0x800) N(O_CLOEXEC, 0x80000)
const struct stap_names stap_userfaultfd_names = STAP_NAMES(USERFAULTFD_NAMES, 0);

#define MEMBARRIER_NAMES(N) \
	N(MEMBARRIER_CMD_QUERY, 0) N(MEMBARRIER_CMD_GLOBAL, 1) N(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 2) \
	N(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 4) N(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 8) \
	N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 16) N(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 32) \
	N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 64) N(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 128) \
	N(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 256) N(MEMBARRIER_CMD_GET_REGISTRATIONS, 512)
const struct stap_names stap_membarrier_names = STAP_NAMES(MEMBARRIER_NAMES, STAP_ONE_OF);

#define MEMBARRIER_FLAGS_NAMES(N) \
	N(MEMBARRIER_CMD_FLAG_CPU, 0x1)
const struct stap_names stap_membarrier_flags_names = STAP_NAMES(MEMBARRIER_FLAGS_NAMES, 0);

#define SHADOW_STACK_NAMES(N) \
	N(SHADOW_STACK_SET_TOKEN, 0x1)
const struct stap_names stap_shadow_stack_names = STAP_NAMES(SHADOW_STACK_NAMES, 0);

/* Flags of which the upper bits, with a certain one, are the logarithm of a huge page's size. */
static void stap_text_sized(struct stap_text *t, unsigned int flags, int huge, const struct stap_names *names, const char *shift)
{
	if (!huge || !(flags >> 26)) {
		stap_text_flags(t, flags, names);
		return;
	}
	stap_text_flags(t, flags & 0x3ffffff, names);
	stap_text_put(t, "|", 1);
	stap_text_unsigned(t, flags >> 26);
	stap_text_plain(t, shift);
}

void stap_text_mmap(struct stap_text *t, stap_long value)
{
	stap_text_sized(t, value, value & 0x40000, &stap_mmap_flags, "<<MAP_HUGE_SHIFT");
}

void stap_text_memfd(struct stap_text *t, stap_long value)
{
	stap_text_sized(t, value, value & 4, &stap_memfd_names, "<<MFD_HUGE_SHIFT");
}

/* Where mremap(2) is to put it, if it has a say. */
void stap_text_new_address(struct stap_text *t, stap_long address, stap_long flags)
{
	if (flags & 6) /* MREMAP_FIXED, MREMAP_DONTUNMAP */
		stap_text_hex(t, address);
}

static void stap_text_node_word(struct stap_text *t, stap_long value)
{
	char text[19] = "0x";
	int digits = 2 * stap_text_word() - 2, i; /* so many with "0x" */

	for (i = 0; i < digits; i++)
		text[2 + i] = "0123456789abcdef"[(stap_ulong)value >> 4 * (digits - 1 - i) & 15];
	stap_text_put(t, text, 2 + digits);
}

/* A set of nodes, as many bits as the call says. */
void stap_text_nodes(struct stap_text *t, stap_long address, stap_long bits)
{
	unsigned int word = stap_text_word();

	if (!bits)
		stap_text_pointer(t, address);
	else
		stap_text_numbers(t, address, ((stap_ulong)bits + 8 * word - 1) / (8 * word), STAP_WORD, stap_text_node_word);
}

/* Which CPU, if the flags say that there is one. */
void stap_text_membarrier_cpu(struct stap_text *t, stap_long cpu, stap_long flags)
{
	if (flags & 1)
		stap_text_decimal(t, (int)cpu);
}

/* An offset in units of 4 KB, as bytes. */
void stap_text_pages(struct stap_text *t, stap_long pages)
{
	stap_text_bits(t, (stap_ulong)pages << 12);
}
