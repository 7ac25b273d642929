/* datagram PORT: sends "hello" to itself by UDP and writes what arrives within a second, each datagram in a line. */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(argc > 1 ? atoi(argv[1]) : 0),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int receiver = socket(AF_INET, SOCK_DGRAM, 0), sender = socket(AF_INET, SOCK_DGRAM, 0);
	long sent = now(), left;
	char text[64];

	if (bind(receiver, (struct sockaddr *)&address, sizeof(address)) ||
	    sendto(sender, "hello", 5, 0, (struct sockaddr *)&address, sizeof(address)) != 5) {
		perror("datagram");
		return 1;
	}
	while ((left = sent + 1000 - now()) > 0) {
		struct pollfd ready = { .fd = receiver, .events = POLLIN };
		ssize_t n;

		if (poll(&ready, 1, left) <= 0)
			continue;
		n = recv(receiver, text, sizeof(text) - 1, 0);
		text[n < 0 ? 0 : n] = 0;
		printf("%s %s\n", now() - sent < 300 ? "soon" : "late", text);
	}
	return 0;
}
