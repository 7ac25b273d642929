/*
 * network: known traffic over the loopback device, by IPv4 and IPv6, without a second process.
 *
 * TCP: 4002 connects to 4001 and sends 1000 bytes, which are read; gets 10 back; both ends are closed. UDP: 4004 sends 5
 * bytes to 4003. Port 4005 refuses. Then what the kernel counted meanwhile: "kernel NAME NUMBER", of Ip, Tcp and TcpExt.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const int on = 1;

static void check(int bad, const char *what)
{
	if (bad) {
		perror(what);
		exit(1);
	}
}

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t length(int family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static union address at(int family, int port)
{
	union address a;

	memset(&a, 0, sizeof(a));
	a.any.sa_family = family;
	a.v4.sin_port = htons(port);
	if (family == AF_INET)
		a.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		a.v6.sin6_addr = in6addr_loopback;
	return a;
}

static int bound(int family, int type, int port)
{
	union address a = at(family, port);
	int fd = socket(family, type, 0);

	check(fd < 0, "socket");
	check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "setsockopt");
	check(bind(fd, &a.any, length(family)), "bind");
	return fd;
}

static int connected(int fd, int family, int port)
{
	union address a = at(family, port);

	return connect(fd, &a.any, length(family));
}

static void tcp(int family)
{
	static char bytes[1000];
	int listener = bound(family, SOCK_STREAM, 4001), client = bound(family, SOCK_STREAM, 4002), server, n, got = 0;

	check(listen(listener, 5), "listen");
	check(setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), "TCP_NODELAY");
	check(connected(client, family, 4001), "connect");
	server = accept(listener, NULL, NULL);
	check(server < 0, "accept");
	check(send(client, bytes, 1000, 0) != 1000, "send");
	while (got < 1000 && (n = recv(server, bytes, sizeof(bytes), 0)) > 0)
		got += n;
	check(write(server, bytes, 10) != 10, "write");
	check(read(client, bytes, sizeof(bytes)) != 10, "read");
	close(client);
	check(recv(server, bytes, 1, 0) != 0, "end");
	close(server);
	close(listener);
}

static void udp(int family)
{
	union address a = at(family, 4003), from;
	socklen_t n = sizeof(from);
	char text[64];
	int receiver = bound(family, SOCK_DGRAM, 4003), sender = bound(family, SOCK_DGRAM, 4004);

	check(sendto(sender, "hello", 5, 0, &a.any, length(family)) != 5, "sendto");
	check(recvfrom(receiver, text, sizeof(text), 0, &from.any, &n) != 5, "recvfrom");
	check(connected(sender, family, 4003), "connect");
	a.any.sa_family = AF_UNSPEC;
	check(connect(sender, &a.any, length(family)), "disconnect");
	close(sender);
	close(receiver);
}

static void refused(int family)
{
	int fd = bound(family, SOCK_STREAM, 4006);

	check(connected(fd, family, 4005) == 0 || errno != ECONNREFUSED, "refused");
	close(fd);
}

/* A connection by IPv4; gives both ends. */
static void pair(int *client, int *server)
{
	int listener = bound(AF_INET, SOCK_STREAM, 0);
	union address a;
	socklen_t n = sizeof(a);

	check(listen(listener, 5) || getsockname(listener, &a.any, &n), "listen");
	*client = socket(AF_INET, SOCK_STREAM, 0);
	check(connect(*client, &a.any, n), "connect");
	*server = accept(listener, NULL, NULL);
	check(*server < 0, "accept");
	close(listener);
}

/* A packet of IP with that protocol, from a host to another, that comes by the loopback device. */
static void packet(const char *from, const char *to, int protocol)
{
	struct iphdr header = { .version = 4, .ihl = 5, .tot_len = htons(28), .ttl = 9, .protocol = protocol };
	union address a = at(AF_INET, 0);
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	char bytes[28] = "";

	inet_aton(from, (struct in_addr *)&header.saddr);
	inet_aton(to, (struct in_addr *)&header.daddr);
	a.v4.sin_addr.s_addr = header.daddr;
	memcpy(bytes, &header, sizeof(header));
	check(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), "SO_BINDTODEVICE");
	check(sendto(fd, bytes, sizeof(bytes), 0, &a.any, sizeof(a.v4)) != sizeof(bytes), "packet");
	close(fd);
}

static void forward(int on)
{
	int fd = open("/proc/sys/net/ipv4/ip_forward", O_WRONLY);

	check(write(fd, on ? "1" : "0", 1) != 1, "ip_forward");
	close(fd);
}

/* What happens less often: resets, overflows, late acknowledgements, fragments, packets that nobody wants. */
static void rare(void)
{
	static char bytes[4000];
	const struct linger at_once = { .l_onoff = 1 };
	const int off = 0;
	union address a = at(AF_INET, 4003);
	int client, server, listener, i;

	pair(&client, &server);
	check(setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), "SO_LINGER");
	close(client);
	close(server);

	pair(&client, &server);
	check(setsockopt(server, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off)), "TCP_QUICKACK");
	check(send(client, bytes, 100, 0) != 100, "send");
	usleep(300000);
	close(client);
	close(server);

	listener = bound(AF_INET, SOCK_STREAM, 4007);
	check(listen(listener, 0), "listen");
	for (i = 0; i < 3; i++) {
		client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connected(client, AF_INET, 4007);
	}
	usleep(20000);

	client = bound(AF_INET, SOCK_DGRAM, 4003);
	check(sendto(client, bytes, sizeof(bytes), 0, &a.any, sizeof(a.v4)) != sizeof(bytes), "sendto");
	check(recv(client, bytes, sizeof(bytes), 0) != sizeof(bytes), "recv");

	packet("127.0.0.1", "127.0.0.1", 200);
	packet("10.9.9.9", "10.1.2.3", 17);
	forward(1);
	packet("10.9.9.9", "10.1.2.4", 17);
	forward(0);
}

enum { KINDS = 8, LINE = 4096 };

/*
 * Of the kernel's counters, pairs of lines of names and of numbers that begin with their kind: how far they are ahead
 * of those before, which are taken if there are none.
 */
static void counters(const char *path, char before[KINDS][LINE])
{
	static const char *const kinds[] = { "Ip: ", "Tcp: ", "TcpExt: " };
	char names[LINE], now[LINE], *name, *number, *old, *n, *m, *o;
	FILE *file = fopen(path, "r");
	int i;

	check(!file, path);
	while (fgets(names, sizeof(names), file) && fgets(now, sizeof(now), file))
		for (i = 0; i < 3; i++) {
			if (strncmp(names, kinds[i], strlen(kinds[i])))
				continue;
			if (!before[i][0]) {
				strcpy(before[i], now);
				break;
			}
			name = strtok_r(names, " \n", &n);
			number = strtok_r(now, " \n", &m);
			old = strtok_r(before[i], " \n", &o);
			while (name && number && old) {
				if (strcmp(number, old))
					printf("kernel %s %ld\n", name, atol(number) - atol(old));
				name = strtok_r(NULL, " \n", &n);
				number = strtok_r(NULL, " \n", &m);
				old = strtok_r(NULL, " \n", &o);
			}
		}
	fclose(file);
}

int main(int argc, char **argv)
{
	static char before[KINDS][LINE];
	int count = argc > 1;

	if (count) {
		counters("/proc/net/snmp", before);
		counters("/proc/net/netstat", before);
	}
	tcp(AF_INET);
	udp(AF_INET);
	refused(AF_INET);
	tcp(AF_INET6);
	udp(AF_INET6);
	refused(AF_INET6);
	if (count) {
		int fd;

		rare();
		for (fd = 3; fd < 64; fd++)
			close(fd);
		counters("/proc/net/snmp", before);
		counters("/proc/net/netstat", before);
	}
	return 0;
}
