package bounds

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// checked is what is wrong with a Dockerfile, as "line: text", or nothing.
func checked(t *testing.T, text string, args map[string]string, bases func(string) (Base, bool)) (string, Report) {
	t.Helper()
	d, _, err := Read([]byte(text), args)
	var report Report
	if err == nil {
		report, err = Check(d, bases)
	}
	much := (*Error)(nil)
	switch {
	case err == nil:
		return "", report
	case errors.As(err, &much):
		return fmt.Sprintf("%d: %s", much.Line, much.Text), report
	}
	return "parser: " + err.Error(), report
}

func TestCheck(t *testing.T) {
	x := strings.Repeat
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "FROM a\nRUN b $c\n", ""},
		{"ARG in front", "ARG A=xxxx\n" + x("ARG A=$A$A\n", 16) + "FROM scratch\n", "17: the variable A gets a value of 262144 bytes, more than 131072"},
		{"ARG in front, up to the bound", "ARG A=xxxx\n" + x("ARG A=$A$A\n", 15) + "FROM scratch\n", ""},
		{"ENV", "FROM scratch\nENV A=xxxx\n" + x("ENV A=$A$A\n", 16), "18: the variable A gets a value of 262144 bytes, more than 131072"},
		{"all variables", "FROM scratch\nENV A=xxxx\n" + x("ENV A=$A$A\n", 15) + "ENV B=$A\nENV C=$A\n", "18: its variables have more than 262144 bytes"},
		{"quotes hide nothing", "FROM scratch\nENV A=xxxx\n" + x("ENV A=\"$A\"'$A'$A\n", 16), "17: the variable A gets a value of 196606 bytes, more than 131072"},
		{"what is only a word of many", "FROM scratch\nENV A='$A$A$A'\n" + x("ENV A='$A$A$A'\n", 40), ""},
		{"a stage FROM another", "FROM scratch AS S\nENV A=xxxx\n" + x("FROM s AS s\nENV A=$A$A\n", 16), "34: the variable A gets a value of 262144 bytes, more than 131072"},
		{"ONBUILD", "FROM scratch AS s\nENV A=xxxx\n" + x("ONBUILD ENV A=$A$A\n", 16) + "FROM s\n", "19: the variable A gets a value of 262144 bytes, more than 131072"},
		{"ONBUILD without a stage that it works in", "FROM scratch AS s\nENV A=xxxx\n" + x("ONBUILD ENV A=$A$A\n", 16), ""},
		{"ARG in a stage", "ARG A=" + x("x", 60_000) + "\nFROM scratch\nARG A\nARG B=$A$A$A\n", "4: the variable B gets a value of 180000 bytes, more than 131072"},
		{"what a step is called", "FROM scratch\nENV A=" + x("x", 60_000) + "\nRUN " + x("$A", 300) + "\n", "3: with all variables in place it becomes longer than 16777216 bytes"},
		{"a mount in quotes", "FROM scratch\nENV A=" + x("x", 60_000) + "\nRUN --mount=type=cache,target='" + x("$A", 300) + "' b\n", "3: with all variables in place it becomes longer than 16777216 bytes"},
		{"a heredoc", "FROM scratch\nENV A=" + x("x", 60_000) + "\nCOPY <<E /\n" + x("$A\n", 300) + "E\n", "3: with all variables in place it becomes longer than 16777216 bytes"},
		{"a heredoc that is not expanded", "FROM scratch\nENV A=" + x("x", 60_000) + "\nCOPY <<'E' /\n" + x("$A\n", 300) + "E\n", ""},
		{"labels", "FROM scratch\nENV A=" + x("x", 60_000) + "\n" + x("LABEL a=$A\n", 150), "141: with all variables in place it becomes longer than 16777216 bytes"},
		{"the environment of steps", "FROM scratch\nENV A=" + x("x", 60_000) + "\n" + x("RUN b\n", 300), "280: with all variables in place it becomes longer than 16777216 bytes"},
		{"deep", "FROM scratch\nENV A=" + x("${A:-", 51) + x("}", 51) + "\n", "2: variables stand in each other more than 50 deep"},
		{"not too deep", "FROM scratch\nENV A=" + x("${A:-", 50) + x("}", 50) + "\n", ""},
		{"deep, and long", "FROM scratch\nRUN " + x("${A:-", 2000) + x("}", 2000) + "\n", "2: variables stand in each other 2000 deep, more than 50"},
		{"deep where there are no quotes", "FROM scratch\nRUN '" + x("${", 60) + "'\n", ""},
		{"patterns", "FROM scratch\nENV A=a\nENV B=${A##" + x("*", 1024) + "}\n", "3: a variable has a pattern of 1025 bytes, more than 1024"},
		{"steps of patterns", "FROM scratch\nENV A=" + x("a", 60_000) + "\nENV B=${A##" + x("*", 1000) + "b}\n", "3: its variables take too many steps to replace"},
		{"replacing", "FROM scratch\nENV A=" + x("a", 4000) + "\nENV B=${A//a/$A}\n", "3: with all variables in place it becomes longer than 16777216 bytes"},
		{"a long text", "FROM scratch\n" + x("# x", 1<<19), "0: it has 1572877 bytes, more than 1048576"},
		{"lines", "FROM scratch\n" + x("\n", 100_000), "0: it has 100001 lines, more than 100000"},
		{"instructions", "FROM scratch\n" + x("USER 1\n", 5000), "5001: it has more than 5000 instructions"},
		{"instructions, up to the bound", "FROM scratch\n" + x("USER 1\n", 4999), ""},
		{"instructions of ONBUILD", "FROM scratch AS s\n" + x("ONBUILD USER 1\n", 1000) + x("FROM s\n", 5), "1006: it has more than 5000 instructions, with those that ONBUILD brings"},
		{"lines of a script", "FROM scratch\nRUN <<E\n" + x("x\n", 20_000) + "E\nRUN a \\\n" + x("b \\\n", 20_000) + "c\n", ""},
		{"stages", x("FROM scratch\n", 1001), "1001: it has more than 1000 stages"},
		{"what stages inherit", "FROM scratch AS s\nLABEL" + x(" a=b", 1000) + "\n" + x("FROM s\n", 600), "502: its stages inherit more than 500000 variables, labels and other entries"},
		{"words", "FROM scratch\nCOPY " + x("a ", 20_000) + "/\n", "2: its instructions have more than 20000 words"},
		{"words of a script", "FROM scratch\nRUN " + x("a ", 30_000) + "\n", ""},
		{"mounts", "FROM scratch\nRUN " + x("--mount=type=ssh \\\n", 20_000) + " a\n", "2: its instructions have more than 20000 words"},
		{"ports", "FROM scratch\nEXPOSE 1-65535 1-65535/udp 1-65535/sctp 1-10/tcp\n", "2: it exposes more than 196608 ports"},
		{"ports of a variable", "FROM scratch\nENV A=1-65535\nEXPOSE $A $A $A $A\n", "3: it exposes more than 196608 ports"},
		{"all ports", "FROM scratch\nEXPOSE 1-65535 1-65535/udp 1-65535/sctp\n", ""},
		{"a path", "FROM scratch\n" + x("WORKDIR "+x("a", 250)+"\n", 20), "18: the working directory has a path of 4267 bytes, more than 4096"},
		{"a path back and forth", "FROM scratch\n" + x("WORKDIR "+x("a", 250)+"\nWORKDIR ..\n", 100), ""},
		{"a source", "FROM scratch\nCOPY " + x("a/", 2100) + " /\n", "2: a path has 4200 bytes, more than 4096"},
		{"patterns to leave out", "FROM scratch\nCOPY --exclude=" + x("**/", 60) + "x a /\n", `2: the pattern "**/**/**/**/**/**/**/**/**/**/**/**/**/*"… has 120 wildcards, more than 100`},
		{"patterns of --parents", "FROM scratch\nARG P=" + x("**/", 60) + "\nCOPY --parents ${P}x /\n", `3: the pattern "**/**/**/**/**/**/**/**/**/**/**/**/**/*"… has 120 wildcards, more than 100`},
		{"names that are looked for", "FROM scratch\n" + x("ENV "+x("k", 6000)+"=1\n", 1) + x("ENV a"+x("l", 6000)+"=1\n", 1) + x("LABEL a=$"+x("u", 30_000)+"\n", 2), "4: its variables take too many steps to replace"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, _ := checked(t, tt.text, nil, nil); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestArgumentsThatAreGiven(t *testing.T) {
	const text = "ARG A\nFROM scratch\nARG A\nARG B=$A$A\n"
	if got, _ := checked(t, text, map[string]string{"A": strings.Repeat("x", 100_000)}, nil); got != "4: the variable B gets a value of 200000 bytes, more than 131072" {
		t.Error(got)
	}
	if got, _ := checked(t, text, map[string]string{"A": strings.Repeat("x", 100_000), "B": "y"}, nil); got != "" {
		t.Error(got)
	}
}

func TestLayers(t *testing.T) {
	base := func(string) (Base, bool) { return Base{Layers: 7}, true }
	got, report := checked(t, "FROM a AS b\nRUN x\nWORKDIR /\nWORKDIR /y\nENV a=b\nFROM b\nCOPY x /\nADD y /\nFROM scratch\n", nil, base)
	if got != "" || fmt.Sprint(report.Layers) != "[9 11 0]" {
		t.Errorf("%s %v", got, report.Layers)
	}
}

func TestUnsure(t *testing.T) {
	for text, want := range map[string]bool{
		"FROM a\nENV PATH=$PATH:/x\nRUN y $z\n":                    false,
		"FROM scratch\n" + strings.Repeat("LABEL a=$b\n", 200):     false,
		"FROM a\n" + strings.Repeat("LABEL a=$b\n", 200):           true,
		"FROM a\nENV b=c\n" + strings.Repeat("LABEL a=$b\n", 9):    false,
		"FROM a\nEXPOSE $b\n":                                      true,
		"FROM a\nENV b=${c#x}\n":                                   true,
		"FROM a\nENV b=$c$c\n" + strings.Repeat("ENV b=$b$b\n", 9): true,
	} {
		if got, report := checked(t, text, nil, nil); got != "" || report.Unsure != want {
			t.Errorf("%.40q: %s, %v, want %v", text, got, report.Unsure, want)
		}
	}
}

func TestBase(t *testing.T) {
	for _, tt := range []struct{ config, want string }{
		{`{"config":{"Env":["A=x"],"OnBuild":["RUN x"]}}`, ""},
		{`{"config":{"Env":["A=` + strings.Repeat("x", 300_000) + `"]}}`, "its variables have 300003 bytes, more than 262144"},
		{`{"config":{"Env":["A=x"],"OnBuild":[` + strings.Repeat(`"ENV A=$A$A",`, 34) + `"USER 1"]}}`, "the variable A gets a value of 262144 bytes, more than 131072"},
		{`{"config":{"OnBuild":["RUN ` + strings.Repeat("${A:-", 100_000) + `"]}}`, "variables stand in each other 100000 deep, more than 50"},
		{`{"config":{"OnBuild":[` + strings.Repeat(`"USER 1",`, 6000) + `"USER 1"]}}`, "it has more than 5000 instructions, with those that ONBUILD brings"},
	} {
		base, err := BaseOf([]byte(tt.config))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := base.Check(); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
