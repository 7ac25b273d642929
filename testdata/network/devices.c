/*
 * devices: a bridge br0 (10.0.0.1) with the ports tap0 and tap2, and a device tap1 (10.0.1.1), by whose files this
 * program is the network behind them: what it writes comes in by them. Then what the kernel counted of Ip.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const unsigned char bridge[6] = { 2, 0, 0, 0, 0, 1 }, host[6] = { 2, 0, 0, 0, 0, 2 }, other[6] = { 2, 0, 0, 0, 0, 3 };
static int control;

static void check(int bad, const char *what)
{
	if (bad) {
		perror(what);
		exit(1);
	}
}

static struct ifreq device(const char *name)
{
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	strcpy(r.ifr_name, name);
	return r;
}

static int tap(const char *name)
{
	struct ifreq r = device(name);
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0) {
		mkdir("/dev/net", 0755);
		mknod("/dev/net/tun", S_IFCHR | 0600, makedev(10, 200));
		fd = open("/dev/net/tun", O_RDWR);
	}
	check(fd < 0, "/dev/net/tun");
	r.ifr_flags = IFF_TAP | IFF_NO_PI;
	check(ioctl(fd, TUNSETIFF, &r), "TUNSETIFF");
	return fd;
}

static void flags(const char *name, int set, int clear)
{
	struct ifreq r = device(name);

	check(ioctl(control, SIOCGIFFLAGS, &r), "SIOCGIFFLAGS");
	r.ifr_flags = (r.ifr_flags | set) & ~clear;
	check(ioctl(control, SIOCSIFFLAGS, &r), "SIOCSIFFLAGS");
}

static void address(const char *name, const char *text)
{
	struct ifreq r = device(name);
	struct sockaddr_in *a = (struct sockaddr_in *)&r.ifr_addr;

	a->sin_family = AF_INET;
	inet_aton(text, &a->sin_addr);
	check(ioctl(control, SIOCSIFADDR, &r), "SIOCSIFADDR");
	inet_aton("255.255.255.0", &a->sin_addr);
	check(ioctl(control, SIOCSIFNETMASK, &r), "SIOCSIFNETMASK");
}

static void hardware(const char *name, const unsigned char *mac)
{
	struct ifreq r = device(name);

	r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(r.ifr_hwaddr.sa_data, mac, 6);
	check(ioctl(control, SIOCSIFHWADDR, &r), "SIOCSIFHWADDR");
}

static void mtu(const char *name, int bytes)
{
	struct ifreq r = device(name);

	r.ifr_mtu = bytes;
	check(ioctl(control, SIOCSIFMTU, &r), "SIOCSIFMTU");
}

static void port(const char *name)
{
	struct ifreq r = device("br0");

	r.ifr_ifindex = if_nametoindex(name);
	check(ioctl(control, SIOCBRADDIF, &r), "SIOCBRADDIF");
}

static void frame(int fd, const unsigned char *to, const unsigned char *from, int protocol, const void *data, int length)
{
	unsigned char bytes[2000] = "";

	memcpy(bytes, to, 6);
	memcpy(bytes + 6, from, 6);
	bytes[12] = protocol >> 8;
	bytes[13] = protocol;
	memcpy(bytes + 14, data, length);
	length += 14;
	if (length < 60)
		length = 60;
	check(write(fd, bytes, length) != length, "frame");
}

/* A datagram with so many bytes from 10.0.0.2, port 4004, to port 4003. */
static void datagram(int fd, const char *to, int size, int whole)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char data[1500];
	} packet = {
		.ip = { .version = 4, .ihl = 5, .tot_len = htons(28 + size), .frag_off = htons(whole ? 0x4000 : 0), .ttl = 9, .protocol = IPPROTO_UDP },
		.udp = { .source = htons(4004), .dest = htons(4003), .len = htons(8 + size) },
		.data = "hello",
	};
	unsigned int sum = 0, i;

	inet_aton("10.0.0.2", (struct in_addr *)&packet.ip.saddr);
	inet_aton(to, (struct in_addr *)&packet.ip.daddr);
	for (i = 0; i < 10; i++)
		sum += ((unsigned short *)&packet.ip)[i];
	sum = (sum & 0xffff) + (sum >> 16);
	packet.ip.check = ~(sum + (sum >> 16));
	frame(fd, bridge, host, 0x800, &packet, 28 + size);
}

/* Who has 10.0.0.1? */
static void question(int fd)
{
	static const unsigned char everybody[6] = { 255, 255, 255, 255, 255, 255 };
	unsigned char arp[28] = { 0, 1, 8, 0, 6, 4, 0, 1 };

	memcpy(arp + 8, host, 6);
	inet_aton("10.0.0.2", (struct in_addr *)(arp + 14));
	inet_aton("10.0.0.1", (struct in_addr *)(arp + 24));
	frame(fd, everybody, host, 0x806, arp, 28);
}

/* A message of the spanning tree protocol, of a bridge that is the root. */
static void spanning_tree(int fd)
{
	static const unsigned char group[6] = { 1, 0x80, 0xc2 };
	static const unsigned char message[38] = {
		0x42, 0x42, 3, 0, 0, 0, 0, 1, 0x80, 0x0a, 2, 0, 0, 0, 0, 9, 0, 0, 0, 4, 0x80, 0x0b, 2, 0, 0, 0, 0, 8, 0x80, 1,
		1, 0, 20, 0, 2, 0, 15, 0,
	};

	frame(fd, group, other, sizeof(message), message, sizeof(message));
}

static void forward(int on)
{
	int fd = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY);

	check(write(fd, on ? "1" : "0", 1) != 1, "ip_forward");
	close(fd);
}

static void count(int print)
{
	static char before[4096];
	char names[4096], now[4096], *name, *number, *old, *n, *m, *o;
	FILE *file = fopen("/proc/net/snmp", "r");

	check(!file || !fgets(names, sizeof(names), file) || !fgets(now, sizeof(now), file), "/proc/net/snmp");
	fclose(file);
	if (!print) {
		strcpy(before, now);
		return;
	}
	name = strtok_r(names, " \n", &n);
	number = strtok_r(now, " \n", &m);
	old = strtok_r(before, " \n", &o);
	while (name && number && old) {
		if (strcmp(number, old))
			printf("kernel %s %ld\n", name, atol(number) - atol(old));
		name = strtok_r(NULL, " \n", &n);
		number = strtok_r(NULL, " \n", &m);
		old = strtok_r(NULL, " \n", &o);
	}
}

int main(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(4003) };
	int tap0, tap1, tap2, receiver;
	char text[64];
	struct pollfd ready;

	control = receiver = socket(AF_INET, SOCK_DGRAM, 0);
	check(bind(receiver, (struct sockaddr *)&any, sizeof(any)), "bind");
	tap0 = tap("tap0");
	tap1 = tap("tap1");
	tap2 = tap("tap2");
	check(ioctl(control, SIOCBRADDBR, "br0"), "SIOCBRADDBR");
	hardware("br0", bridge);
	hardware("tap1", other);
	mtu("tap1", 600);
	port("tap0");
	port("tap2");
	flags("tap0", IFF_UP, 0);
	flags("tap2", IFF_UP, 0);
	address("br0", "10.0.0.1");
	address("tap1", "10.0.1.1");
	flags("br0", IFF_UP, 0);
	flags("tap1", IFF_UP | IFF_PROMISC, 0);
	flags("tap1", 0, IFF_PROMISC);
	usleep(100000);

	count(0);
	question(tap0);
	datagram(tap0, "10.0.0.1", 5, 0);
	ready = (struct pollfd){ .fd = receiver, .events = POLLIN };
	check(poll(&ready, 1, 1000) != 1 || recv(receiver, text, sizeof(text), 0) != 5, "recv");
	spanning_tree(tap0);
	frame(tap0, other, host, 0x88b5, "for another", 11);
	forward(0);
	datagram(tap0, "10.9.9.9", 5, 0);
	forward(1);
	datagram(tap0, "10.9.9.8", 5, 0);
	datagram(tap0, "10.0.1.9", 5, 0);
	datagram(tap0, "10.0.1.8", 1000, 1);
	forward(0);
	usleep(20000);
	count(1);

	flags("tap1", 0, IFF_UP);
	close(tap0);
	close(tap1);
	close(tap2);
	flags("br0", 0, IFF_UP);
	check(ioctl(control, SIOCBRDELBR, "br0"), "SIOCBRDELBR");
	return 0;
}
