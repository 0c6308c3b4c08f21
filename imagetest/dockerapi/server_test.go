package dockerapi_test

import (
	"os"
	"testing"

	"github.com/slipway-build/slipway/imagetest/dockerapi/dockerapitest"
)

func TestHostBackend(t *testing.T) {
	if _, err := os.Stat(dockerapitest.Busybox); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("needs busybox (Debian: busybox-static): %v", err)
	}
	dockerapitest.Run(t, dockerapitest.Host{Dir: t.TempDir()})
}
