package network

// DockerFolders is for tests.
var DockerFolders = dockerFolders
