package dockerapi

import (
	"io"
	"net/http"
	"os"
	"runtime"

	"github.com/moby/moby/api/types/system"
)

// Version is what clients are told: the release of Docker that speaks apiVersion, and who says so. Scripts
// compare the number.
const Version = "27.3.0-slipway"

func (s *daemon) ping(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("Builder-Version", "")
	h.Set("Content-Type", "text/plain; charset=utf-8")
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, "OK")
	}
	return nil
}

func (s *daemon) version(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, system.VersionResponse{
		Platform: system.PlatformInfo{Name: "Slipway's containers"}, Version: Version,
		APIVersion: apiVersion, MinAPIVersion: minAPIVersion, Os: "linux", Arch: runtime.GOARCH, GoVersion: runtime.Version(),
		Components: []system.ComponentVersion{{Name: "Engine", Version: Version, Details: map[string]string{
			"ApiVersion": apiVersion, "MinAPIVersion": minAPIVersion, "Os": "linux", "Arch": runtime.GOARCH,
			"GoVersion": runtime.Version(), "Experimental": "false",
		}}},
	})
	return nil
}

func (s *daemon) info(w http.ResponseWriter, r *http.Request) error {
	images, err := s.backend.Images(r.Context())
	if err != nil {
		return err
	}
	out := system.Info{
		ID: "slipway", Name: "slipway", ServerVersion: Version, Driver: "slipway", Images: len(images),
		OSType: "linux", OperatingSystem: "Slipway's containers", NCPU: runtime.NumCPU(), Architecture: machine(),
		DefaultRuntime: "runc", IndexServerAddress: "https://index.docker.io/v1/", LoggingDriver: "json-file",
	}
	if host, err := os.Hostname(); err == nil {
		out.Name = host
	}
	for _, c := range s.all() {
		out.Containers++
		if v := c.view(); v.Running {
			out.ContainersRunning++
		} else {
			out.ContainersStopped++
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// machine is the architecture as uname(1) has it.
func machine() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	}
	return runtime.GOARCH
}
