package nasty

import (
	"fmt"
	"strings"
)

// brim are the families that stay just below the bounds of a Dockerfile.
var brim = []Family{
	{"brim: instructions", func(int) Files { return dockerfile("FROM scratch\n" + strings.Repeat("USER 1\n", 4990)) }},
	{"brim: labels with names that are not there", func(int) Files { return dockerfile("FROM x\n" + each(4990, "LABEL a=$u%[1]d\n")) }},
	{"brim: steps", func(int) Files { return dockerfile("FROM x\n" + strings.Repeat("RUN a $a ${b:-c}\n", 499)) }},
	{"brim: steps of stages", func(int) Files {
		return dockerfile("FROM x AS y\n" + strings.Repeat("FROM y\n"+strings.Repeat("RUN a $a ${b:-c}\n", 490), 10))
	}},
	{"brim: copies", func(int) Files {
		return dockerfile("FROM x AS y\n" + strings.Repeat("FROM y\n"+strings.Repeat("COPY a /\n", 490), 10))
	}},
	{"brim: a chain of stages", func(int) Files {
		return dockerfile("FROM scratch AS s0\n" + each(990, "FROM s%[1]d AS s%[2]d\nLABEL k%[2]d=v\n"))
	}},
	{"brim: stages from a large one", func(int) Files {
		return dockerfile("FROM scratch AS s\nLABEL" + each(500, " k%[1]d=v") + "\n" + strings.Repeat("FROM s\n", 990))
	}},
	{"brim: stages and arguments", func(int) Files {
		return dockerfile(each(450, "ARG a%[1]d=1\n") + each(990, "FROM scratch AS s%[1]d\nARG a%[1]d\n"))
	}},
	{"brim: stages from others by a variable", func(int) Files {
		return dockerfile("ARG B=x\n" + strings.Repeat("FROM --platform=$P ${B}$Q\n", 990))
	}},
	{"brim: variables", func(int) Files { return dockerfile("FROM scratch\n" + each(2500, "ENV a%[1]d=$x\n")) }},
	{"brim: variables of one ENV", func(int) Files { return dockerfile("FROM scratch\nENV " + each(15_000, "a%[1]d=$x \\\n") + "z=1\n") }},
	{"brim: variables of one ENV, used", func(int) Files {
		return dockerfile("FROM scratch\nENV " + each(15_000, "a%[1]d=1 \\\n") + "z=1\n" + strings.Repeat("LABEL a=$z\n", 400))
	}},
	{"brim: labels of one LABEL", func(int) Files { return dockerfile("FROM scratch\nLABEL " + each(19_000, "a%[1]d=$x \\\n") + "z=1\n") }},
	{"brim: arguments and RUN", func(int) Files {
		return dockerfile("FROM scratch\n" + each(400, "ARG a%[1]d="+strings.Repeat("v", 200)+"\n") + strings.Repeat("RUN x\n", 300))
	}},
	{"brim: sources", func(int) Files { return dockerfile("FROM scratch\nCOPY " + each(19_000, "a%[1]d \\\n") + "/\n") }},
	{"brim: sources with stars", func(int) Files {
		return dockerfile("FROM scratch\nCOPY --parents " + each(9_900, "**/a%[1]d \\\n") + "/\n")
	}},
	{"brim: excludes", func(int) Files {
		return dockerfile("FROM scratch\nCOPY " + each(9_900, "--exclude=**/a%[1]d \\\n") + " a /\n")
	}},
	{"brim: excludes of sources", func(int) Files {
		return dockerfile("FROM scratch\nCOPY " + each(9_000, "--exclude=*a%[1]d \\\n") + each(9_000, "a%[1]d \\\n") + " /\n")
	}},
	{"brim: mounts", func(int) Files {
		return dockerfile("FROM scratch\nRUN " + each(9_000, "--mount=type=tmpfs,target=/a%[1]d \\\n") + " true\n")
	}},
	{"brim: ports", func(int) Files { return dockerfile("FROM scratch\nEXPOSE 1-65535 1-65535/udp 1-65535/sctp\n") }},
	{"brim: ports of stages", func(int) Files {
		return dockerfile("FROM scratch AS s\nEXPOSE 1-65535\n" + strings.Repeat("FROM s\n", 6))
	}},
	{"brim: ONBUILD in stages", func(int) Files {
		return dockerfile("FROM scratch AS s\n" + strings.Repeat("ONBUILD USER $u\n", 60) + strings.Repeat("FROM s\n", 80))
	}},
	{"brim: ONBUILD COPY --from in stages", func(int) Files {
		return dockerfile("FROM x AS s\n" + each(60, "ONBUILD COPY --from=i%[1]d a /\n") + strings.Repeat("FROM s\n", 8))
	}},
	{"brim: heredocs", func(int) Files {
		return dockerfile("FROM scratch\n" + strings.Repeat("COPY <<E /f\n"+strings.Repeat("x$y\n", 500)+"E\n", 490))
	}},
	{"brim: heredocs of one COPY", func(int) Files {
		return dockerfile("FROM scratch\nENV A=" + strings.Repeat("a", 1000) + "\nCOPY " + strings.Repeat("<<E \\\n", 9000) + "/\n" + strings.Repeat("E\n", 8999) + strings.Repeat("$A", 3) + "\nE\n")
	}},
	{"brim: a script", func(int) Files {
		return dockerfile("FROM scratch\nRUN <<E\n" + strings.Repeat("echo ${a:-$b} 'x'\n", 55_000) + "E\n")
	}},
	{"brim: a script over lines", func(int) Files {
		return dockerfile("FROM scratch\nRUN " + strings.Repeat("echo ${a:-$b} 'x' && \\\n", 45_000) + "x\n")
	}},
	{"brim: nested defaults", func(int) Files {
		return dockerfile("FROM scratch\nENV A=" + strings.Repeat(strings.Repeat("${A:-", 49)+"x"+strings.Repeat("}", 49), 200) + "\n")
	}},
	{"brim: nested defaults in RUN", func(int) Files {
		return dockerfile("FROM scratch\nRUN " + strings.Repeat(strings.Repeat("${A:-", 49)+"x"+strings.Repeat("}", 49)+" \\\n", 3000) + "y\n")
	}},
	{"brim: patterns of a variable", func(int) Files {
		return dockerfile("FROM scratch\nENV A=" + strings.Repeat("a", 30_000) + "\nENV B=${A//" + strings.Repeat("*a", 500) + "b/x}\n")
	}},
	{"brim: long variables", func(int) Files {
		return dockerfile("FROM scratch\nENV A=" + strings.Repeat("a", 60_000) + "\n" + strings.Repeat("ENV B=$A$A\n", 100) + strings.Repeat("LABEL a=$A\n", 100))
	}},
	{"brim: long names that are not there", func(int) Files {
		return dockerfile("FROM scratch\n" + each(100, "ENV "+strings.Repeat("k", 100)+"%[1]d=1\n") + each(100, "LABEL a=$"+strings.Repeat("u", 100)+"%[1]d\n"))
	}},
	{"brim: long instructions", func(int) Files {
		return dockerfile("FROM x\n" + strings.Repeat("LABEL a=\""+strings.Repeat("$a ", 60)+"\"\n", 4990))
	}},
	{"brim: doubts", func(int) Files {
		return dockerfile("FROM x AS y\n" + strings.Repeat("FROM y\n"+strings.Repeat("COPY --chmod=$u a /\n", 490), 10))
	}},
	{"brim: ignored files", func(int) Files {
		files := with(Files{"images/a/.dockerignore": strings.Repeat(strings.Repeat("?", 95)+"\n", 200) + strings.Repeat("!x\n", 9_000)})
		for i := range 300 {
			files[fmt.Sprintf("images/a/d/d/d/d/f%d", i)] = ""
		}
		return files
	}},
	{"brim: an ignored path", func(int) Files {
		return with(Files{"images/a/.dockerignore": strings.Repeat("**/", 30) + "x\n", "images/a/" + strings.Repeat("d/", 200) + "f": ""})
	}},
}

// each formats with i and i+1, n times.
func each(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(format, "%[1]d", fmt.Sprint(i)), "%[2]d", fmt.Sprint(i+1)))
	}
	return b.String()
}
