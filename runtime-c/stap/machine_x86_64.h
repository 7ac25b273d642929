/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* x86-64; machine.h says what each is. */

#define STAP_MACHINE_REGISTERS(R) \
	R("RIP", ip) R("RSP", sp) R("EFLAGS", flags) R("RAX", ax) R("RBX", bx) R("RCX", cx) R("RDX", dx) R("RSI", si) R("RDI", di) \
	R("RBP", bp) R("R08", r8) R("R09", r9) R("R10", r10) R("R11", r11) R("R12", r12) R("R13", r13) R("R14", r14) R("R15", r15)

#define STAP_MACHINE_ALIASES(A) \
	A("EIP", "RIP", 4) A("ESP", "RSP", 4) A("FLAGS", "EFLAGS", 8) A("EAX", "RAX", 4) A("EBX", "RBX", 4) \
	A("ECX", "RCX", 4) A("EDX", "RDX", 4) A("ESI", "RSI", 4) A("EDI", "RDI", 4) A("EBP", "RBP", 4) \
	A("AX", "RAX", 2) A("BX", "RBX", 2) A("CX", "RCX", 2) A("DX", "RDX", 2) A("SI", "RSI", 2) \
	A("DI", "RDI", 2) A("BP", "RBP", 2) A("SP", "RSP", 2) A("R8", "R08", 8) A("R9", "R09", 8)

#define STAP_MACHINE_NUMBERED(N) \
	N(ax) N(dx) N(cx) N(bx) N(si) N(di) N(bp) N(sp) N(r8) N(r9) N(r10) N(r11) N(r12) N(r13) N(r14) N(r15) N(ip)

#define STAP_MACHINE_ARGUMENTS(N) N(di) N(si) N(dx) N(cx) N(r8) N(r9)
#define STAP_MACHINE_ARGUMENT_NUMBERS 5, 4, 1, 2, 8, 9
#define STAP_MACHINE_STACK_ARGUMENTS 12	/* regs_get_kernel_argument() has them, too */

#define stap_machine_set_result(registers, value) ((registers)->ax = (value))

#define stap_machine_caller(registers) ({ \
	unsigned long stap_caller_; \
	copy_from_kernel_nofault(&stap_caller_, (void *)(registers)->sp, sizeof(stap_caller_)) ? 0 : stap_caller_; \
})

#define stap_machine_traced(registers) do { } while (0)

/* An address that the processor could have, though not with the levels of page tables that it runs with, makes the kernel warn. */
#define STAP_MACHINE_UNUSED (63 - __VIRTUAL_MASK_SHIFT)
#define stap_machine_possible(address) ((long)((address) << STAP_MACHINE_UNUSED) >> STAP_MACHINE_UNUSED == (long)(address))

#define stap_machine_site(code) 0
#ifdef CONFIG_X86_KERNEL_IBT
#define STAP_MACHINE_SITE 4
#else
#define STAP_MACHINE_SITE 0
#endif

#ifdef __my_cpu_var
#define STAP_MACHINE_OWN(variable) __my_cpu_var(variable)
#else
#define STAP_MACHINE_OWN(variable) variable
#endif

#define stap_machine_test(variable, bits, no) \
	asm goto("testl %0, " __percpu_arg(1) "\n\tjz %l[" #no "]" : : "i" (bits), "m" (STAP_MACHINE_OWN(variable)) : "cc" : no)

#define stap_machine_low(bits, low) \
	asm goto("testl %0, %%esp\n\tjz %l[" #low "]" : : "i" ((u32)(bits)) : "cc" : low)

#define stap_machine_count(variable, zero) \
	asm goto("decl " __percpu_arg(0) "\n\tjz %l[" #zero "]" : : "m" (STAP_MACHINE_OWN(variable)) : "cc", "memory" : zero)

#if defined(CONFIG_UNWINDER_ORC) || defined(CONFIG_UNWINDER_FRAME_POINTER)
#define STAP_MACHINE_UNWIND
#endif

/* The function goes on by a return, not by a jump, for which it would have to be marked there. */
#define STAP_MACHINE_DETOUR \
	asm(".pushsection .text\n" \
	    ".type stap_detour, @function\n" \
	    "stap_detour:\n" \
	    ANNOTATE_NOENDBR \
	    "	pushq %rdi\n	pushq %rsi\n	pushq %rdx\n	pushq %rcx\n	pushq %r8\n	pushq %r9\n	pushq %rax\n" \
	    "	call stap_detour_sleep\n" \
	    "	movq %rax, %r11\n" \
	    "	popq %rax\n	popq %r9\n	popq %r8\n	popq %rcx\n	popq %rdx\n	popq %rsi\n	popq %rdi\n" \
	    "	pushq %r11\n" \
	    ASM_RET \
	    ".size stap_detour, .-stap_detour\n" \
	    ".popsection\n")
