//go:build linux

package embedded

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	imagesapi "github.com/containerd/containerd/api/services/images/v1"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/cmd/buildkitd/config"
	"github.com/moby/buildkit/control"
	"github.com/moby/buildkit/frontend"
	"github.com/moby/buildkit/frontend/gateway/forwarder"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/bboltcachestorage"
	"github.com/moby/buildkit/util/db/boltutil"
	"github.com/moby/buildkit/util/disk"
	"github.com/moby/buildkit/util/grpcerrors"
	"github.com/moby/buildkit/worker"
	"github.com/sirupsen/logrus"
	bolt "go.etcd.io/bbolt"
	"go.opentelemetry.io/otel/metric/noop"
	"google.golang.org/grpc"
)

// maxMessage is the size of one gRPC message, as buildkitd has it: Dockerfile
// definitions and status messages of large builds exceed gRPC's own 4 MiB.
const maxMessage = 16 << 20

func newController(ctx context.Context, root string, parts *workerParts, stop <-chan struct{}) (*control.Controller, error) {
	sessions, err := session.NewManager()
	if err != nil {
		return nil, fmt.Errorf("cannot start sessions: %w", err)
	}
	workers := &worker.Controller{}
	if err := workers.Add(parts.worker); err != nil {
		return nil, fmt.Errorf("cannot add worker: %w", err)
	}
	dir := Folder(root)
	cache, err := bboltcachestorage.NewStore(filepath.Join(dir, "cache.db"))
	if err != nil {
		return nil, fmt.Errorf("cannot open build cache: %w", unreadable(ctx, err))
	}
	historyDB, err := boltutil.SafeOpen(filepath.Join(dir, "history.db"), 0o600,
		&bolt.Options{FreelistType: bolt.FreelistMapType})
	if err != nil {
		cache.Close()
		return nil, fmt.Errorf("cannot open build history: %w", unreadable(ctx, err))
	}
	// Slipway keeps its own records; BuildKit's only have to outlive the run.
	keep := int64(50)
	ctl, err := control.NewController(control.Opt{
		SessionManager:   sessions,
		WorkerController: workers,
		Frontends: map[string]frontend.Frontend{
			"dockerfile.v0": forwarder.NewGatewayForwarder(workers.Infos(), buildDockerfile),
		},
		CacheManager: solver.NewCacheManager(ctx, "local", cache,
			worker.NewCacheResultStorage(workers)),
		MeterProvider:  noop.NewMeterProvider(),
		HistoryDB:      historyDB,
		HistoryConfig:  &config.HistoryConfig{MaxEntries: &keep},
		CacheStore:     cache,
		LeaseManager:   parts.worker.LeaseManager(),
		ContentStore:   parts.content,
		GarbageCollect: parts.worker.GarbageCollect,
		GracefulStop:   stop,
	})
	if err != nil {
		cache.Close()
		historyDB.Close()
		return nil, fmt.Errorf("cannot start BuildKit: %w", unreadable(ctx, err))
	}
	return ctl, nil
}

// newServer offers BuildKit's own services and the image store, which BuildKit
// has no service for, under containerd's interface.
func newServer(ctl *control.Controller, parts *workerParts) *grpc.Server {
	// The interceptors carry BuildKit's typed errors (source lines, exit codes) to clients.
	s := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
		grpc.ChainUnaryInterceptor(grpcerrors.UnaryServerInterceptor),
		grpc.ChainStreamInterceptor(grpcerrors.StreamServerInterceptor))
	ctl.Register(s)
	imagesapi.RegisterImagesServer(s, &imageServer{store: parts.names})
	return s
}

// gcPolicy is buildkitd's default for the disk that dir is on.
func gcPolicy(dir string) []client.PruneInfo {
	stat, err := disk.GetDiskStat(dir)
	if err != nil {
		return nil
	}
	var out []client.PruneInfo
	for _, rule := range config.DefaultGCPolicy(config.GCConfig{}, stat) {
		out = append(out, client.PruneInfo{
			Filter:        rule.Filters,
			All:           rule.All,
			KeepDuration:  rule.KeepDuration.Duration,
			ReservedSpace: rule.ReservedSpace.AsBytes(stat),
			MaxUsedSpace:  rule.MaxUsedSpace.AsBytes(stat),
			MinFreeSpace:  rule.MinFreeSpace.AsBytes(stat),
		})
	}
	return out
}

// routeLogs sends the log lines of BuildKit and containerd, which both use
// logrus' standard logger, away from the terminal.
func routeLogs(w io.Writer, debug bool) {
	if w == nil {
		w = io.Discard
	}
	logrus.SetOutput(w)
	logrus.SetLevel(logrus.WarnLevel)
	if debug {
		logrus.SetLevel(logrus.DebugLevel)
	}
}
