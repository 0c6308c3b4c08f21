package embedded

import (
	"context"

	imagesapi "github.com/containerd/containerd/api/services/images/v1"
	"github.com/containerd/containerd/api/types"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// imageServer answers containerd's image service from an image store, so that
// containerd's own client works against an engine.
type imageServer struct {
	imagesapi.UnimplementedImagesServer
	store images.Store
}

func (s *imageServer) Get(ctx context.Context, r *imagesapi.GetImageRequest) (*imagesapi.GetImageResponse, error) {
	img, err := s.store.Get(ctx, r.Name)
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	return &imagesapi.GetImageResponse{Image: imageToProto(img)}, nil
}

func (s *imageServer) List(ctx context.Context, r *imagesapi.ListImagesRequest) (*imagesapi.ListImagesResponse, error) {
	list, err := s.store.List(ctx, r.Filters...)
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	out := &imagesapi.ListImagesResponse{}
	for _, img := range list {
		out.Images = append(out.Images, imageToProto(img))
	}
	return out, nil
}

func (s *imageServer) Create(ctx context.Context, r *imagesapi.CreateImageRequest) (*imagesapi.CreateImageResponse, error) {
	img, err := s.store.Create(ctx, imageFromProto(r.Image))
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	return &imagesapi.CreateImageResponse{Image: imageToProto(img)}, nil
}

func (s *imageServer) Update(ctx context.Context, r *imagesapi.UpdateImageRequest) (*imagesapi.UpdateImageResponse, error) {
	img, err := s.store.Update(ctx, imageFromProto(r.Image), r.UpdateMask.GetPaths()...)
	if err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	return &imagesapi.UpdateImageResponse{Image: imageToProto(img)}, nil
}

func (s *imageServer) Delete(ctx context.Context, r *imagesapi.DeleteImageRequest) (*emptypb.Empty, error) {
	if err := s.store.Delete(ctx, r.Name); err != nil {
		return nil, errgrpc.ToGRPC(err)
	}
	return &emptypb.Empty{}, nil
}

func imageToProto(img images.Image) *imagesapi.Image {
	return &imagesapi.Image{
		Name:   img.Name,
		Labels: img.Labels,
		Target: &types.Descriptor{
			MediaType:   img.Target.MediaType,
			Digest:      img.Target.Digest.String(),
			Size:        img.Target.Size,
			Annotations: img.Target.Annotations,
		},
		CreatedAt: timestamppb.New(img.CreatedAt),
		UpdatedAt: timestamppb.New(img.UpdatedAt),
	}
}

func imageFromProto(img *imagesapi.Image) images.Image {
	return images.Image{
		Name:   img.GetName(),
		Labels: img.GetLabels(),
		Target: ocispecs.Descriptor{
			MediaType:   img.GetTarget().GetMediaType(),
			Digest:      digest.Digest(img.GetTarget().GetDigest()),
			Size:        img.GetTarget().GetSize(),
			Annotations: img.GetTarget().GetAnnotations(),
		},
		CreatedAt: img.GetCreatedAt().AsTime(),
		UpdatedAt: img.GetUpdatedAt().AsTime(),
	}
}
