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
			fleet.Dockerfile{Base: "registry.example/base:1", Uses: []fleet.Use{{Ref: "registry.example/base:1", Line: 5, Kind: "FROM"}}},
		},
		"the last user": {
			"FROM a:1\nUSER root\nRUN true\nUSER 33:33\n",
			fleet.Dockerfile{Base: "a:1", Uses: []fleet.Use{{Ref: "a:1", Line: 1, Kind: "FROM"}}, LastUser: "33:33", LastUserLine: 4},
		},
		"FROM sees the stages above only, COPY all": {
			"FROM later\nCOPY --from=later /x /x\nCOPY --from=1 /x /x\nFROM b:1 AS later\n",
			fleet.Dockerfile{Base: "b:1", Uses: []fleet.Use{{Ref: "later", Line: 1, Kind: "FROM"}, {Ref: "b:1", Line: 4, Kind: "FROM"}}},
		},
		"base of a base": {
			"FROM a:1 AS x\nFROM X AS y\nFROM y\n",
			fleet.Dockerfile{Base: "a:1", Uses: []fleet.Use{{Ref: "a:1", Line: 1, Kind: "FROM"}}},
		},
		"continued lines": {
			"FROM a:1\nRUN a && \\\n  b\nCOPY --from=b:1 /x \\\n  /x\n",
			fleet.Dockerfile{Base: "a:1", Uses: []fleet.Use{{Ref: "a:1", Line: 1, Kind: "FROM"}, {Ref: "b:1", Line: 4, Kind: "COPY --from"}}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := dockerfile.Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpopts.IgnoreFields(got, "Instructions")); diff != "" {
				t.Error(diff)
			}
		})
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
		"bad from":            {"ARG A\nFROM a b c\n", 2, "FROM requires either one or three arguments"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := dockerfile.Parse([]byte(tt.text))
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
