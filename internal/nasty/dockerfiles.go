package nasty

import (
	"fmt"
	"strings"
)

// dockerfiles are the families of Dockerfiles.
var dockerfiles = []Family{
	{"doubling ARG", func(int) Files {
		return dockerfile("ARG A=x\n" + strings.Repeat("ARG A=$A$A\n", 34) + "FROM scratch\n")
	}},
	{"doubling ENV", func(int) Files { return dockerfile("FROM scratch\nENV A=x\n" + strings.Repeat("ENV A=$A$A\n", 34)) }},
	{"doubling ARG in a stage", func(int) Files { return dockerfile("FROM scratch\nARG A=x\n" + strings.Repeat("ARG A=$A$A\n", 34)) }},
	{"doubling ENV over stages", func(int) Files {
		return dockerfile("FROM scratch AS s\nENV A=x\n" + strings.Repeat("FROM s AS s\nENV A=$A$A\n", 34))
	}},
	{"doubling in one word", func(int) Files {
		return dockerfile("FROM scratch\nENV A=x\n" + strings.Repeat("ENV A=\"${A:-y}${A:+$A$A}\"\n", 34))
	}},
	{"doubling by replacing", func(int) Files {
		return dockerfile("FROM scratch\nENV A=xx\n" + strings.Repeat("ENV A=${A//x/$A}\n", 8))
	}},
	{"doubling in ONBUILD", func(int) Files {
		return dockerfile("FROM scratch AS s\nENV A=x\n" + strings.Repeat("ONBUILD ENV A=$A$A\n", 34) + "FROM s\n")
	}},
	{"doubling in a heredoc", func(int) Files {
		return dockerfile("FROM scratch\nENV A=x\n" + strings.Repeat("ENV A=$A$A\n", 16) + "COPY <<EOF /f\n" + strings.Repeat("$A\n", 10_000) + "EOF\n")
	}},
	{"doubling in the words of RUN", func(int) Files {
		return dockerfile("FROM scratch\nENV A=x\n" + strings.Repeat("ENV A=$A$A\n", 16) + "RUN echo " + strings.Repeat("$A ", 20_000) + "\n")
	}},
	{"doubling in mounts", func(int) Files {
		return dockerfile("FROM scratch\nENV A=x\n" + strings.Repeat("ENV A=$A$A\n", 16) + "RUN --mount=type=cache,target=/" + strings.Repeat("$A", 20_000) + " true\n")
	}},
	{"doubling in labels", func(int) Files {
		return dockerfile("FROM scratch\nENV A=x\n" + strings.Repeat("ENV A=$A$A\n", 16) + strings.Repeat("LABEL a$A=$A\n", 1000))
	}},
	{"growing WORKDIR", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "WORKDIR "+strings.Repeat("a", 190))) }},
	{"nested defaults", func(n int) Files { return dockerfile("ARG X=" + nested(n, "${A:-", "x", "}") + "\nFROM scratch\n") }},
	{"nested defaults in a stage", func(n int) Files { return dockerfile("FROM scratch\nENV X=" + nested(n, "${A:-", "x", "}") + "\n") }},
	{"nested defaults in RUN", func(n int) Files {
		return dockerfile("FROM scratch\nRUN true <<E " + nested(n, "${A:-", "x", "}") + "\nE\n")
	}},
	{"nested defaults over lines", func(n int) Files {
		return dockerfile("FROM scratch\nRUN true \\\n" + nested(n, "${A:-\\\n", "x", "}") + "\n")
	}},
	{"nested defaults in FROM", func(n int) Files { return dockerfile("FROM " + nested(n, "${A:-", "x", "}") + "\n") }},
	{"open braces", func(n int) Files { return dockerfile("FROM scratch\nENV X=" + repeat(n, "${A:-") + "\n") }},
	{"stars to trim by", func(n int) Files {
		return dockerfile("FROM scratch\nENV A=" + strings.Repeat("a", 30_000) + "\nENV B=${A##" + strings.Repeat("*a", 15_000) + "b}\n")
	}},
	{"a pattern, replaced", func(n int) Files {
		return dockerfile("FROM scratch\nENV A=" + strings.Repeat("a", 30_000) + "\n" + strings.Repeat("ENV B=${A//"+strings.Repeat("*a", 100)+"b/x}\n", 1000))
	}},
	{"undefined names", func(n int) Files {
		var b strings.Builder
		b.WriteString("FROM scratch\n")
		for i := range 1000 {
			fmt.Fprintf(&b, "ENV %s%d=1\n", strings.Repeat("k", 100), i)
		}
		for i := 0; b.Len() < n; i++ {
			fmt.Fprintf(&b, "LABEL a=$%s%d\n", strings.Repeat("u", 100), i)
		}
		return dockerfile(b.String())
	}},
	{"stages", func(n int) Files { return dockerfile(lines(n, "FROM scratch")) }},
	{"a chain of stages", func(n int) Files {
		return dockerfile(counted(n, "FROM scratch AS s0\n", "FROM s%[1]d AS s%[2]d\nLABEL k%[2]d=v\n"))
	}},
	{"stages and arguments", func(n int) Files {
		return dockerfile(counted(n/2, "", "ARG a%[1]d=1\n") + counted(n/2, "FROM scratch AS s0\n", "FROM s%[1]d AS s%[2]d\nARG a%[1]d\n"))
	}},
	{"instructions", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "USER 1")) }},
	{"short instructions", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "x")) }},
	{"steps", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "RUN x")) }},
	{"copies", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "COPY a /")) }},
	{"copies from images", func(n int) Files { return dockerfile("FROM scratch\n" + counted(n, "", "COPY --from=i%[1]d a /\n")) }},
	{"sources of one COPY", func(n int) Files { return dockerfile("FROM scratch\nCOPY " + repeat(n, "a ") + "/\n") }},
	{"sources over lines", func(n int) Files { return dockerfile("FROM scratch\nCOPY " + repeat(n, "a \\\n") + " /\n") }},
	{"sources in JSON", func(n int) Files { return dockerfile("FROM scratch\nCOPY [" + repeat(n, "\"a\",\\\n") + "\"/\"]\n") }},
	{"words of CMD in JSON", func(n int) Files { return dockerfile("FROM scratch\nCMD [" + repeat(n, "\"\",\\\n") + "\"/\"]\n") }},
	{"SHELL and RUN", func(n int) Files {
		return dockerfile("FROM scratch\nSHELL [" + repeat(n/2, "\"\",\\\n") + "\"/\"]\n" + lines(n/2, "RUN x"))
	}},
	{"arguments and RUN", func(n int) Files {
		return dockerfile("FROM scratch\n" + counted(n/2, "", "ARG a%[1]d="+strings.Repeat("v", 1000)+"\n") + lines(n/2, "RUN x"))
	}},
	{"variables", func(n int) Files { return dockerfile("FROM scratch\n" + counted(n, "", "ENV a%[1]d=$x\n")) }},
	{"variables of one ENV", func(n int) Files {
		return dockerfile("FROM scratch\nENV " + counted(n, "", "a%[1]d=$x \\\n") + "z=1\n")
	}},
	{"the same variable", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "ENV a=$a")) }},
	{"labels of one LABEL", func(n int) Files {
		return dockerfile("FROM scratch\nLABEL " + counted(n, "", "a%[1]d=$x \\\n") + "z=1\n")
	}},
	{"mounts", func(n int) Files {
		return dockerfile("FROM scratch\nRUN " + repeat(n, "--mount=type=tmpfs,target=/a \\\n") + " true\n")
	}},
	{"options of a mount", func(n int) Files {
		return dockerfile("FROM scratch\nRUN --mount=" + repeat(n, "ro,\\\n") + "target=/a true\n")
	}},
	{"excludes", func(n int) Files { return dockerfile("FROM scratch\nCOPY " + repeat(n, "--exclude=a \\\n") + " a /\n") }},
	{"an exclude of many stars", func(n int) Files {
		return dockerfile("FROM scratch\nCOPY --exclude=" + repeat(n, "**/\\\n") + "x a /\n")
	}},
	{"a source of many stars", func(n int) Files { return dockerfile("FROM scratch\nCOPY --parents " + repeat(n, "**/\\\n") + "x /\n") }},
	{"ports", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "EXPOSE 1-65535")) }},
	{"ONBUILD", func(n int) Files { return dockerfile("FROM scratch AS s\n" + lines(n, "ONBUILD USER 1") + "FROM s\n") }},
	{"ONBUILD in many stages", func(n int) Files {
		return dockerfile("FROM scratch AS s\n" + lines(n/2, "ONBUILD USER 1") + lines(n/2, "FROM s"))
	}},
	{"heredocs", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "COPY <<E /f\nE")) }},
	{"heredocs of one COPY", func(n int) Files {
		return dockerfile("FROM scratch\nCOPY " + repeat(n/2, "<<E \\\n") + "/\n" + lines(n/2, "E"))
	}},
	{"comments", func(n int) Files { return dockerfile(lines(n, "#a") + "FROM scratch\n") }},
	{"empty continued lines", func(n int) Files { return dockerfile("FROM scratch\nRUN a \\\n" + lines(n, "") + "b\n") }},
	{"a long line", func(n int) Files { return dockerfile("FROM scratch\nRUN " + strings.Repeat("a", n) + "\n") }},
	{"a long word over lines", func(n int) Files {
		return dockerfile("FROM scratch\nENV a=" + repeat(n, strings.Repeat("a", 60_000)+"\\\n") + "\n")
	}},
	{"wrong instructions", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "WRONG")) }},
	{"warnings", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "env a $u")) }},
	{"names of stages", func(n int) Files { return dockerfile(counted(n, "", "FROM scratch AS S%[1]d\n")) }},
	{"platforms", func(n int) Files { return dockerfile(lines(n, "FROM --platform=$X y")) }},
	{"secrets", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "ENV PASSWORD=x")) }},
	{"flags", func(n int) Files { return dockerfile("FROM scratch\nRUN " + repeat(n, "--a \\\n") + "x\n") }},
	{"quotes", func(n int) Files { return dockerfile("FROM scratch\nRUN " + repeat(n, "'\"' \\\n") + "x\n") }},
	{"healthchecks", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "HEALTHCHECK NONE")) }},
	{"volumes", func(n int) Files {
		return dockerfile("FROM scratch\nVOLUME " + counted(n, "", "/a%[1]d \\\n") + "/z\n")
	}},
	{"git sources", func(n int) Files { return dockerfile("FROM scratch\n" + lines(n, "ADD https://x/y.git /")) }},
}
