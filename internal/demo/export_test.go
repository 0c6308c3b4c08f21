package demo

// User is for tests.
const User = user
