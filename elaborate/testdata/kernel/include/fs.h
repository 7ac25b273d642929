/* What the functions of this small kernel share. */
#ifndef FS_H
#define FS_H

struct file {
	int flags;
	long position;
};

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di;
};

int verify(struct file *file, int mode);
int lookup(struct file *file, int mode);

static inline __attribute__((always_inline)) int may_read(struct file *file)
{
	int mode = file->flags & 3;

	if (mode == 1)
		return -1;
	return mode + verify(file, mode);
}

#endif
