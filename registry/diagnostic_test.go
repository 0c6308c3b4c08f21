package registry

import (
	"encoding/json"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// TestDiagnosis: whatever a registry answers, people read no map of Go's.
func TestDiagnosis(t *testing.T) {
	for answer, want := range map[string]string{
		`{"code":"UNAUTHORIZED","message":"authentication required","detail":[{"Type":"repository","Class":"","Name":"t/base","Action":"pull"},{"Type":"repository","Class":"","Name":"t/base","Action":"push"}]}`: "UNAUTHORIZED: authentication required (pull of repository t/base, push of repository t/base)",
		`{"code":"NAME_UNKNOWN","message":"repository name not known to registry","detail":{"name":"t/base"}}`:                                                                                                     "NAME_UNKNOWN: repository name not known to registry (name t/base)",
		`{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"1","n":3,"ok":false,"none":null}}`:                                                                                               "MANIFEST_UNKNOWN: manifest unknown (Tag 1, n 3, ok false)",
		`{"code":"UNAUTHORIZED","message":"authentication required","detail":null}`:                                                                                                                                "UNAUTHORIZED: authentication required",
		`{"code":"DENIED","message":"no"}`:                           "DENIED: no",
		`{"code":"DENIED","message":"no","detail":"no"}`:             "DENIED: no",
		`{"code":"DENIED","message":"no","detail":{}}`:               "DENIED: no",
		`{"code":"DENIED","message":"no","detail":"ask your admin"}`: "DENIED: no (ask your admin)",
		`{"code":"DENIED"}`:                                          "DENIED",
	} {
		var d transport.Diagnostic
		if err := json.Unmarshal([]byte(answer), &d); err != nil {
			t.Fatal(err)
		}
		if got := diagnosis(d); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", answer, got, want)
		}
	}
}
