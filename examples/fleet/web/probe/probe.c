/* Asks 127.0.0.1:PORT for PATH over HTTP, prints the answer's body, succeeds on status 200. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

int main(int argc, char **argv)
{
	int port = argc == 3 ? atoi(argv[1]) : 0, fd = -1, status = 0, body = 0;
	char line[4096];

	if (port <= 0 || port > 65535) {
		fprintf(stderr, "usage: probe PORT PATH\n");
		return 2;
	}
	/* A server that was started a moment ago gets five seconds to listen. */
	for (int i = 0; i < 50 && (fd = dial(port)) < 0; i++)
		usleep(100000);
	if (fd < 0) {
		perror("probe: cannot connect");
		return 1;
	}
	dprintf(fd, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", argv[2]);
	FILE *answer = fdopen(fd, "r");
	if (!answer)
		return 1;
	while (fgets(line, sizeof line, answer)) {
		if (body)
			fputs(line, stdout);
		else if (!status)
			status = sscanf(line, "HTTP/%*s %d", &status) == 1 ? status : -1;
		else
			body = strcmp(line, "\r\n") == 0;
	}
	return status == 200 ? 0 : 1;
}
