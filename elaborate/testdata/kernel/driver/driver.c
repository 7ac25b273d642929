/* A module: relocatable, in two sections. */
struct device {
	int number;
	char name[8];
};

static __attribute__((noinline)) int reset(struct device *device, int level)
{
	device->number = level;
	return level * 2;
}

int probe_device(struct device *device)
{
	return reset(device, device->number + 1);
}

__attribute__((section(".init.text"))) int init_module(void)
{
	return 0;
}
