"""Keeps gRPC out of forks; imported before gRPC, which looks once.

Its handlers run in the child of every fork, also one that becomes another program at once, and have been seen to end it
(grpcio 1.80 under Python 3.9: one of fifty programs that were started). A fork has no use for the channels of its parent.
Who forks processes that use gRPC themselves sets the variable before.
"""
import os

os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
