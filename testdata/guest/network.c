/*
 * network: known traffic over the loopback device, by IPv4 and IPv6, without a second process.
 *
 * TCP: 4002 connects to 4001 and sends 1000 bytes, which are read; gets 10 back; both ends are closed. UDP: 4004 sends 5
 * bytes to 4003. Port 4005 refuses. Then what the kernel counted meanwhile: "kernel NAME NUMBER", of Ip, Tcp and TcpExt.
 */
#include <arpa/inet.h>
#include <errno.h>
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

/* Of the kernel's counters, pairs of lines of names and of numbers: how far they are ahead of those before. */
static void counters(const char *path, char before[][4096], int print)
{
	char names[4096], now[4096], *name, *number, *old, *n, *m, *o;
	FILE *file = fopen(path, "r");
	int i = 0;

	check(!file, path);
	while (fgets(names, sizeof(names), file) && fgets(now, sizeof(now), file) && i < 8) {
		if (print && (!strncmp(names, "Ip:", 3) || !strncmp(names, "Tcp:", 4) || !strncmp(names, "TcpExt:", 7))) {
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
		} else {
			strcpy(before[i], now);
		}
		i++;
	}
	fclose(file);
}

int main(int argc, char **argv)
{
	static char snmp[8][4096], netstat[8][4096];
	int count = argc > 1, i;

	if (count) {
		counters("/proc/net/snmp", snmp, 0);
		counters("/proc/net/netstat", netstat, 0);
	}
	for (i = 0; i < 2; i++) {
		int family = i ? AF_INET6 : AF_INET;

		if (count && i)
			break;
		tcp(family);
		udp(family);
		refused(family);
	}
	if (count) {
		counters("/proc/net/snmp", snmp, 1);
		counters("/proc/net/netstat", netstat, 1);
	}
	return 0;
}
