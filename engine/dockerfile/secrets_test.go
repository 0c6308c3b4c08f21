package dockerfile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet"
)

func TestSecrets(t *testing.T) {
	for text, want := range map[string][]fleet.SecretUse{
		"FROM b:1\nRUN true\nRUN --mount=type=cache,target=/c true\n":                            nil,
		"FROM b:1\nRUN --mount=type=secret,id=tok true\n":                                        {{ID: "tok", Line: 2}},
		"FROM b:1\nRUN --mount=type=secret,src=tok true\n":                                       {{ID: "tok", Line: 2}},
		"FROM b:1\nRUN --mount=type=secret,target=/etc/npmrc,required true\n":                    {{ID: "npmrc", Line: 2, Required: true}},
		"FROM b:1\n\nRUN --mount=type=secret,id=a,env=A --mount=type=ssh,required=true <<X\nX\n": {{ID: "a", Line: 3}, {ID: "default", SSH: true, Required: true, Line: 3}},
		"FROM b:1\nRUN --mount=type=ssh,id=git \\\n --mount=type=secret,id=x \\\n true\n":        {{ID: "git", SSH: true, Line: 2}, {ID: "x", Line: 2}},
		"FROM b:1\nRUN --mount='type=secret,id=tok' --mount=type=secret,id='q' true\n":           {{ID: "tok", Line: 2}, {ID: "q", Line: 2}},
		"FROM b:1\nARG N=x\nRUN --mount=type=secret,id=$N --mount=type=secret,id=y true\n":       {{ID: "y", Line: 3}},
		"FROM b:1\nRUN --mount=type=secret,id=x,required=$R true\n":                              nil,
		"FROM b:1 AS idle\nRUN --mount=type=secret,id=x true\nFROM b:1\n":                        nil,
		"FROM b:1 AS s\nRUN --mount=type=secret,id=x true\nFROM b:1\nCOPY --from=s /a /\n":       {{ID: "x", Line: 2}},
		"FROM b:1 AS s\nONBUILD RUN --mount=type=secret,id=x,required true\nFROM s\nRUN true\n":  {{ID: "x", Line: 3, Required: true}},
		"FROM b:1\nONBUILD RUN --mount=type=secret,id=x true\n":                                  nil,
	} {
		d, err := dockerfile.Parse([]byte(text), nil, "")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(want, d.Secrets); diff != "" {
			t.Errorf("%s(-want +got)\n%s", text, diff)
		}
	}
}
