package dockerfile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
)

func TestParse(t *testing.T) {
	tests := map[string]struct {
		text string
		want fleet.Dockerfile
	}{
		"from": {"FROM base:1\n", fleet.Dockerfile{Base: "base:1", Uses: []fleet.Use{{Ref: "base:1", Line: 1, Kind: "FROM"}}}},
		"stages are no images": {
			"FROM base:1 AS build\nFROM build AS again\nFROM scratch\nCOPY --from=build /a /a\nCOPY --from=0 /b /b\nCOPY --from=AGAIN /c /c\n",
			fleet.Dockerfile{Base: "scratch", Uses: []fleet.Use{{Ref: "base:1", Line: 1, Kind: "FROM"}}},
		},
		"copy and mount": {
			"FROM a:1\nCOPY --from=b:2 /x /x\nRUN --mount=type=bind,from=c:3,target=/c true\n",
			fleet.Dockerfile{Base: "a:1", Uses: []fleet.Use{
				{Ref: "a:1", Line: 1, Kind: "FROM"}, {Ref: "b:2", Line: 2, Kind: "COPY --from"}, {Ref: "c:3", Line: 3, Kind: "RUN --mount"},
			}},
		},
		"arguments": {
			"ARG V=1\nARG BASE=registry.example/base:$V\nARG V=2\n\nFROM --platform=linux/amd64 ${BASE}\n",
			fleet.Dockerfile{Base: "registry.example/base:1", Uses: []fleet.Use{{Ref: "registry.example/base:1", Line: 5, Kind: "FROM", Platform: "linux/amd64"}}},
		},
		"the last user": {
			"FROM a:1\nUSER root\nRUN true\nUSER 33:33\n",
			fleet.Dockerfile{Base: "a:1", Uses: []fleet.Use{{Ref: "a:1", Line: 1, Kind: "FROM"}}, LastUser: "33:33", LastUserLine: 4},
		},
		"FROM sees the stages above only, COPY all": {
			"FROM later\nCOPY --from=later /x /x\nCOPY --from=1 /x /x\nFROM b:1 AS later\n",
			fleet.Dockerfile{Base: "b:1", Uses: []fleet.Use{{Ref: "later", Line: 1, Kind: "FROM", Idle: true}, {Ref: "b:1", Line: 4, Kind: "FROM"}}},
		},
		"base of a base": {
			"FROM a:1 AS x\nFROM X AS y\nFROM y\n",
			fleet.Dockerfile{Base: "a:1", Uses: []fleet.Use{{Ref: "a:1", Line: 1, Kind: "FROM"}}},
		},
		"a mount knows no numbers, COPY takes every number for a stage": {
			"FROM a:1\nRUN --mount=from=0,target=/c true\nCOPY --from=+7 /x /x\n",
			fleet.Dockerfile{Base: "a:1", Uses: []fleet.Use{{Ref: "a:1", Line: 1, Kind: "FROM"}, {Ref: "0", Line: 2, Kind: "RUN --mount"}}},
		},
		"ONBUILD of a stage works in those that begin with it": {
			"FROM a:1 AS x\nONBUILD COPY --from=b:1 /x /x\nONBUILD COPY --from=y /x /x\nFROM c:1 AS y\nFROM x\nONBUILD RUN --mount=from=d:1,target=/d true\n",
			fleet.Dockerfile{Base: "a:1", Uses: []fleet.Use{
				{Ref: "a:1", Line: 1, Kind: "FROM"}, {Ref: "c:1", Line: 4, Kind: "FROM"}, {Ref: "b:1", Line: 2, Kind: "ONBUILD COPY --from"},
			}},
		},
		"ONBUILD of a stage that is not built": {
			"FROM a:1 AS x\nONBUILD COPY --from=b:1 /x /x\nFROM x AS y\nFROM c:1\n",
			fleet.Dockerfile{Base: "c:1", Uses: []fleet.Use{{Ref: "a:1", Line: 1, Kind: "FROM", Idle: true}, {Ref: "c:1", Line: 4, Kind: "FROM"}}},
		},
		"a platform that must be set": {
			"ARG B=b${TARGETOS:?}\nFROM ${B}:${TARGETARCH:+1}${BUILDOS:?no}\n",
			fleet.Dockerfile{Base: "blinux:1linux", Uses: []fleet.Use{{Ref: "blinux:1linux", Line: 2, Kind: "FROM"}}},
		},
		"continued lines": {
			"FROM a:1\nRUN a && \\\n  b\nCOPY --from=b:1 /x \\\n  /x\n",
			fleet.Dockerfile{Base: "a:1", Uses: []fleet.Use{{Ref: "a:1", Line: 1, Kind: "FROM"}, {Ref: "b:1", Line: 4, Kind: "COPY --from"}}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := dockerfile.Parse([]byte(tt.text), nil, "")
			if err != nil {
				t.Fatal(err)
			}
			got.Stages = nil
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(got, "Instructions")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestParse: the target says which stage becomes the image, and which are not built.
func TestParseTarget(t *testing.T) {
	const text = "ARG V=1\nFROM a:$V AS x\nONBUILD COPY --from=b /c /c\nFROM d:1 AS last\nRUN --mount=type=no true\n"
	got, err := dockerfile.Parse([]byte(text), map[string]string{"V": "2"}, "X")
	if err != nil {
		t.Fatal(err)
	}
	want := fleet.Dockerfile{
		Base: "a:2", Uses: []fleet.Use{{Ref: "a:2", Line: 2, Kind: "FROM"}, {Ref: "d:1", Line: 4, Kind: "FROM", Idle: true}},
		Stages: []fleet.Stage{{Name: "x", OnBuild: []fleet.Use{{Ref: "b", Line: 3, Kind: "COPY --from"}}}, {Name: "last", Idle: true}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(got, "Instructions")); diff != "" {
		t.Error(diff)
	}
	if _, err := dockerfile.Parse([]byte(text), nil, ""); err == nil || !strings.Contains(err.Error(), "unsupported mount type") {
		t.Errorf("error %v", err)
	}
}

func TestParseErrors(t *testing.T) {
	tests := map[string]struct {
		text string
		line int
		want string
	}{
		"empty":               {"", 0, "file with no instructions"},
		"only a comment":      {"# nothing\n", 1, "file with no instructions"},
		"unknown instruction": {"FROM a\n\nFORM b\n", 3, "unknown instruction: FORM"},
		"no stage":            {"RUN true\n", 1, "no build stage"},
		"unknown flag":        {"FROM a\nRUN --mout=x true\n", 2, "unknown flag"},
		"a mount's type":      {"FROM a\nRUN true\nRUN --mount=type=bnd,target=/c true\n", 3, `unsupported mount type "bnd"`},
		"a mount's image":     {"FROM a\nRUN --mount=from=$B,target=/c true\n", 2, "'from' doesn't support variable expansion"},
		"a mount's uid":       {"FROM a\nRUN --mount=type=cache,target=$C true\nRUN --mount=type=cache,target=/c,uid=x true\n", 3, "invalid value x for uid"},
		"an argument":         {"ARG A=${B:?no}\nFROM a\n", 1, "B: no"},
		"bad from":            {"ARG A\nFROM a b c\n", 2, "FROM requires either one or three arguments"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := dockerfile.Parse([]byte(tt.text), nil, "")
			var at *fleet.ParseError
			if !errors.As(err, &at) {
				t.Fatalf("error is %T: %v", err, err)
			}
			if at.Line != tt.line || !strings.Contains(at.Error(), tt.want) {
				t.Errorf("line %d: %v", at.Line, at)
			}
		})
	}
}
