/* Prints how many lines standard input has; a last line without a newline counts too. */
#include <stdio.h>

int main(void)
{
	long lines = 0;
	int c, last = '\n';

	while ((c = getchar()) != EOF) {
		lines += c == '\n';
		last = c;
	}
	if (ferror(stdin)) {
		perror("linecount: cannot read standard input");
		return 1;
	}
	printf("%ld\n", lines + (last != '\n'));
	return 0;
}
