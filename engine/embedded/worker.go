//go:build linux

package embedded

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/containerd/containerd/v2/core/diff/apply"
	ctdmetadata "github.com/containerd/containerd/v2/core/metadata"
	ctdsnapshot "github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/pkg/gc"
	"github.com/containerd/containerd/v2/plugins/diff/walking"
	"github.com/containerd/platforms"
	"github.com/moby/buildkit/cache/metadata"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/executor/oci"
	"github.com/moby/buildkit/executor/resources"
	"github.com/moby/buildkit/executor/runcexecutor"
	snapshot "github.com/moby/buildkit/snapshot/containerd"
	"github.com/moby/buildkit/solver/pb"
	"github.com/moby/buildkit/util/leaseutil"
	"github.com/moby/buildkit/util/network"
	"github.com/moby/buildkit/util/resolver"
	"github.com/moby/buildkit/util/winlayers"
	"github.com/moby/buildkit/version"
	"github.com/moby/buildkit/worker/base"
	"github.com/moby/buildkit/worker/label"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	bolt "go.etcd.io/bbolt"

	"github.com/slipway-build/slipway/engine/cgroup"
	"github.com/slipway-build/slipway/problem"
)

// dbTimeout bounds the wait for a database's file lock. The root's lock is held,
// so only a reader (Index) can be in the way, for milliseconds.
const dbTimeout = 10 * time.Second

// workerParts are what the rest of the engine needs of the worker.
type workerParts struct {
	worker  *base.Worker
	names   NameStore
	content *snapshot.Store
	// What no part of BuildKit owns and closes.
	snapshots ctdsnapshot.Snapshotter
	db        *bolt.DB
}

// newWorker assembles BuildKit's worker as runc.NewWorkerOpt does, and adds what
// that leaves out: an image store, so that FROM finds the parent just built.
func newWorker(ctx context.Context, root string, o Options) (*workerParts, error) {
	dir := Folder(root)
	snName, sn, err := newSnapshotter(dir, o.Warn)
	if err != nil {
		return nil, err
	}
	blobs, err := newBlobStore(BlobFolder(root))
	if err != nil {
		return nil, fmt.Errorf("cannot open content store: %w", err)
	}
	db, err := bolt.Open(metaPath(root), 0o600, &bolt.Options{FreelistType: bolt.FreelistMapType, Timeout: dbTimeout})
	if err != nil {
		return nil, fmt.Errorf("cannot open image database: %w", unreadable(ctx, err))
	}
	mdb := ctdmetadata.NewDB(db, blobs, map[string]ctdsnapshot.Snapshotter{snName: sn})
	if err := mdb.Init(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("cannot read image database: %w", unreadable(ctx, err))
	}
	parts := &workerParts{snapshots: sn, db: db}
	if err := parts.open(ctx, dir, snName, mdb, o); err != nil {
		return nil, errors.Join(err, parts.close())
	}
	return parts, nil
}

func (p *workerParts) open(ctx context.Context, dir, snName string, mdb *ctdmetadata.DB, o Options) error {
	opt, err := workerOpt(ctx, dir, snName, mdb)
	if err != nil {
		return err
	}
	if o.Hosts != nil {
		opt.RegistryHosts = o.Hosts
	}
	p.content = opt.ContentStore
	p.names = databaseNames{boundImages{ctdmetadata.NewImageStore(mdb)}}
	if o.Names != nil {
		if _, err := p.names.List(ctx); err != nil {
			return fmt.Errorf("cannot read image database: %w", unreadable(ctx, err))
		}
		blobs := ownContent{Store: p.content, database: mdb.ContentStore()}
		if p.names, err = o.Names(ctx, dir, p.names, blobs); err != nil {
			return err
		}
	}
	opt.ImageStore = p.names
	opt.GarbageCollect = func(ctx context.Context) (stats gc.Stats, err error) {
		err = p.names.Collecting(func() error {
			stats, err = mdb.GarbageCollect(ctx)
			return err
		})
		return stats, err
	}
	if p.worker, err = base.NewWorker(ctx, opt); err != nil {
		return fmt.Errorf("cannot start worker: %w", unreadable(ctx, err))
	}
	if o.Transport != nil {
		return fetchWith(p.worker, o.Transport)
	}
	return nil
}

// close closes what no part of BuildKit closes.
func (p *workerParts) close() error {
	var errs []error
	if p.worker != nil {
		errs = append(errs, p.worker.MetadataStore.Close(), p.snapshots.Close())
	}
	if p.names != nil {
		errs = append(errs, p.names.Close())
	}
	return errors.Join(append(errs, p.db.Close())...)
}

func workerOpt(ctx context.Context, dir, snName string, mdb *ctdmetadata.DB) (base.WorkerOpt, error) {
	var opt base.WorkerOpt
	host := network.NewHostProvider()
	nets := map[pb.NetMode]network.Provider{
		pb.NetMode_UNSET: host, pb.NetMode_HOST: host, pb.NetMode_NONE: network.NewNoneProvider(),
	}
	monitor, err := resources.NewMonitor()
	if err != nil {
		return opt, fmt.Errorf("cannot read cgroups: %w", err)
	}
	groups, err := cgroup.Of(filepath.Dir(dir))
	if err != nil {
		return opt, err
	}
	exe, err := runcexecutor.New(runcexecutor.Opt{
		Root:                filepath.Join(dir, "executor"),
		CommandCandidates:   []string{"runc"},
		DefaultCgroupParent: groups.Parent(),
		ProcessMode:         oci.ProcessSandbox,
		ResourceMonitor:     monitor,
	}, nets)
	if err != nil {
		return opt, problem.With(fmt.Errorf("cannot start OCI runtime: %w", err), "install runc (Debian: apt-get install runc)")
	}
	store := snapshot.NewContentStore(mdb.ContentStore(), namespace)
	id, err := base.ID(dir)
	if err != nil {
		return opt, fmt.Errorf("cannot read worker id: %w", err)
	}
	md, err := metadata.NewStore(filepath.Join(dir, "metadata_v2.db"))
	if err != nil {
		return opt, fmt.Errorf("cannot open cache metadata: %w", unreadable(ctx, err))
	}
	opt = base.WorkerOpt{
		ID:   id,
		Root: dir,
		Labels: map[string]string{
			label.Executor:       "oci",
			label.Snapshotter:    snName,
			label.Network:        "host",
			label.OCIProcessMode: oci.ProcessSandbox.String(),
		},
		Platforms:        []ocispecs.Platform{platforms.Normalize(platforms.DefaultSpec())},
		GCPolicy:         gcPolicy(dir),
		BuildkitVersion:  client.BuildkitVersion{Package: version.Package, Version: version.Version, Revision: version.Revision},
		NetworkProviders: nets,
		Executor:         exe,
		Snapshotter:      snapshot.NewSnapshotter(snName, mdb.Snapshotter(snName), namespace, nil),
		ContentStore:     store,
		Applier:          winlayers.NewFileSystemApplierWithWindows(store, apply.NewFileSystemApplier(store)),
		Differ:           winlayers.NewWalkingDiffWithWindows(store, walking.NewWalkingDiff(store)),
		RegistryHosts:    resolver.NewRegistryConfig(nil),
		LeaseManager:     leaseutil.WithNamespace(ctdmetadata.NewLeaseManager(mdb), namespace),
		MetadataStore:    md,
		MountPoolRoot:    filepath.Join(dir, "cachemounts"),
		ResourceMonitor:  monitor,
	}
	return opt, nil
}
