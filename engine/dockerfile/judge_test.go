package dockerfile

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/lint"
)

// TestNasty: no Dockerfile ends a reader, and lint judges the rest of those that BuildKit cannot build.
func TestNasty(t *testing.T) {
	for i, text := range nasty(t) {
		_, parsed := Parse([]byte(text), nil, "")
		_, judged := Lint(t.Context(), []byte(text), nil, "", nil)
		for _, err := range []error{parsed, judged} {
			if at := (*fleet.ParseError)(nil); err != nil && (!errors.As(err, &at) || strings.Contains(err.Error(), "internal error")) {
				t.Errorf("%d: %T %v\n%s", i, err, err, text)
			}
		}
	}
}

// TestGuard: a panic is the error of one Dockerfile.
func TestGuard(t *testing.T) {
	_, err := Lint(t.Context(), []byte("FROM debian:12\n"), nil, "", func(string) lint.Base { panic("hot") })
	if at := (*fleet.ParseError)(nil); !errors.As(err, &at) || err.Error() != "BuildKit cannot read it: internal error: hot" {
		t.Errorf("got %v", err)
	}
}

// TestMountWritable: what BuildKit asks its worker's abilities for is judged without one.
func TestMountWritable(t *testing.T) {
	for _, options := range []string{"type=bind,rw", "readwrite", "from=x,rw", "from=x,type=bind,readonly=false"} {
		text := "FROM scratch AS x\nFROM scratch\nRUN --mount=target=/c," + options + " true\nCMD x\n"
		got, err := Lint(t.Context(), []byte(text), nil, "", nil)
		if err != nil || len(got.Warnings) != 1 || got.Warnings[0].Rule != "JSONArgsRecommended" {
			t.Errorf("%s: %+v %v", options, got.Warnings, err)
		}
	}
}

func TestUndefined(t *testing.T) {
	for instruction, want := range map[string]string{
		"ENV A=$X":                       "X",
		"ENV A=${X}":                     "X",
		"ENV A=${X:-y} B=${X-y}":         "",
		"ENV A=${X:+y} B=${X+y}":         "",
		"ENV A=${X:-} B=${X-}":           "",
		"ENV A=${X:-$Y}":                 "Y",
		"ENV A=${X:-y}$X":                "X",
		"ENV A=${X%y}":                   "X",
		"ENV A=${X#y}":                   "X",
		"ENV A=${X/a/b}":                 "X",
		"ENV A='$X' B=${X-y}":            "",
		"ENV A='$X'$X":                   "X",
		`ENV A="'$X'"`:                   "X",
		`ENV A=\$X B=${X-y}`:             "",
		"ENV A=$XY B=${X-y}":             "XY",
		"ENV A=${XY} B=${X-y}":           "XY",
		"ENV A=$X1_ B=${X-y}":            "X1_",
		"ENV A=$X.Y":                     "X",
		"LABEL a=${X:-y} b=$Z":           "Z",
		"ARG A=${X:-y}":                  "",
		"ARG A=$X":                       "X",
		"WORKDIR /${X:-y}":               "",
		"USER ${X:-$X}":                  "X",
		"COPY --chown=${X:-0} a${X-} /b": "",
		"COPY a $X/":                     "X",
		"RUN --mount=type=cache,target=/c,uid=${X:-0} true":  "",
		"RUN --mount=type=cache,target=/c/$X,id=${X-1} true": "X",
		"COPY <<E /a\n${X:-y} '$Z'\nE":                       "Z",
		"COPY <<E /a\n${X:-y}\nE":                            "",
	} {
		got, err := Lint(t.Context(), []byte("FROM scratch\n"+instruction+"\n"), nil, "", nil)
		if err != nil {
			t.Errorf("%s: %v", instruction, err)
			continue
		}
		var names []string
		for _, w := range got.Warnings {
			if w.Rule == "UndefinedVar" {
				names = append(names, undefinedName.FindStringSubmatch(w.Text)[1])
			}
		}
		if diff := cmp.Diff(want, strings.Join(names, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", instruction, diff)
		}
	}
}

// TestSources: a source is what BuildKit makes of the word.
func TestSources(t *testing.T) {
	got, err := Lint(t.Context(), []byte("FROM scratch\nCOPY \"a\"b '' c'd' /x/\nADD [\"e\", \"\", \"$F\", \"/x/\"]\nCOPY g\\ h \"$I\" /x/\n"), nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, c := range got.Copies {
		sources = append(sources, fmt.Sprintf("%d:%s", c.Line, c.Source))
	}
	if diff := cmp.Diff([]string{"2:ab", "2:", "2:cd", "3:e", "3:", "3:$F", `4:g\`, "4:h", `4:"$I"`}, sources); diff != "" {
		t.Error(diff)
	}
}

// TestUnusedStage: BuildKit does not look at what the image is not made from.
func TestUnusedStage(t *testing.T) {
	const bad = "FROM scratch AS a\nRUN --mount=type=cache,target=/c,uid=x true\nCMD x\n"
	got, err := Lint(t.Context(), []byte(bad+"FROM scratch\nCMD y\n"), nil, "", nil)
	if at := (*fleet.ParseError)(nil); err != nil || !errors.As(got.Unused, &at) || at.Line != 2 || len(got.Warnings) != 1 {
		t.Errorf("error %v, unused %v, warnings %v", err, got.Unused, got.Warnings)
	}
	got, err = Lint(t.Context(), []byte(bad+"FROM a\n"), nil, "", nil)
	if err == nil || got.Unused != nil {
		t.Errorf("error %v, unused %v", err, got.Unused)
	}
}

// TestIdleSources: what takes a source tells whether the image is made from it, also by an ONBUILD
// instruction of a parent.
func TestIdleSources(t *testing.T) {
	bases := func(ref string) lint.Base {
		return map[string]lint.Base{"parent:1": {Known: true, OnBuild: true, Takes: []fleet.Use{
			{Ref: "b", Kind: fleet.CopyUse}, {Ref: "elsewhere:1", Kind: fleet.MountUse},
		}}}[ref]
	}
	const a, b = "FROM scratch AS a\nCOPY a /\n", "FROM scratch AS b\nADD b /\n"
	for text, want := range map[string]string{
		a + b + "FROM scratch\nCOPY c /\n":                                    "a b",
		a + b + "FROM a\nCOPY c /\n":                                          "b",
		a + b + "FROM scratch\nCOPY --from=0 / /\nCOPY c /\n":                 "b",
		a + b + "FROM scratch\nRUN --mount=from=B,target=/t true\nCOPY c /\n": "a",
		a + b + "FROM parent:1\nCOPY c /\n":                                   "a",
		a + b + "FROM parent:1 AS x\nFROM scratch AS c\nCOPY c /\n":           "a b",
		a + "FROM a AS b\nCOPY b /\nFROM parent:1 AS c\nCOPY c /\n":           "",
	} {
		got, err := Lint(t.Context(), []byte(text), nil, "", bases)
		if err != nil {
			t.Fatal(err)
		}
		var idle []string
		for _, c := range got.Copies {
			if c.Idle {
				idle = append(idle, c.Source)
			}
		}
		if diff := cmp.Diff(want, strings.Join(idle, " ")); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
	got, err := Lint(t.Context(), []byte("FROM scratch\nONBUILD COPY --from=b / /\n"), nil, "", nil)
	if err != nil || len(got.Result.Takes) != 1 || got.Result.Takes[0].Ref != "b" {
		t.Errorf("%+v %v", got.Result, err)
	}
}

// TestOnBuildIsUnknown: an image's ONBUILD instructions may set variables.
func TestOnBuildIsUnknown(t *testing.T) {
	for onBuild, want := range map[bool]int{false: 1, true: 0} {
		got, err := Lint(t.Context(), []byte("FROM parent:1\nENV A=$B\n"), nil, "", func(string) lint.Base {
			return lint.Base{Known: true, Env: []string{"C=d"}, OnBuild: onBuild}
		})
		if err != nil || len(got.Warnings) != want {
			t.Errorf("%v: %v %v", onBuild, got.Warnings, err)
		}
	}
}

// TestCheckComments: comments may speak to BuildKit's linter above any instruction, and make warnings
// errors; not for a variable that an unknown base image may set.
func TestCheckComments(t *testing.T) {
	for text, want := range map[string]string{
		"FROM scratch\n# check=skip=JSONArgsRecommended\nCMD x\n":                   "",
		"FROM scratch\n# check=skip=UndefinedVar\nENV A=$B\nENV C=$D\n":             "UndefinedVar 4",
		"# check=error=true\nFROM debian:12\nENV A=$B\n":                            "",
		"# check=error=true\nFROM scratch\nENV A=$B\n":                              "UndefinedVar 3: lint violation found for rules: UndefinedVar",
		"# check=error=true\nFROM debian:12\nENV A=$B\nCMD x\n":                     "JSONArgsRecommended 4: lint violation found for rules:",
		"# check=skip=all\nFROM debian:12\nRUN --mount=target=/c,type=$T,rw true\n": "",
	} {
		if _, err := Parse([]byte(text), nil, ""); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		got, err := Lint(t.Context(), []byte(text), nil, "", nil)
		var all []string
		for _, w := range got.Warnings {
			all = append(all, fmt.Sprintf("%s %d", w.Rule, w.Line))
		}
		said := strings.Join(all, " ")
		if err != nil {
			said += ": " + err.Error()
		}
		if !strings.HasPrefix(said, want) || want == "" && said != "" {
			t.Errorf("%s: %s", text, said)
		}
	}
}
