"""Follow the ball through a clip and judge whether it solved the maze; whole batches on any device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from vidkit.mazes.embedded.levels import Levels
from vidkit.mazes.embedded.render import BALL_RADIUS, cell_px, origin_px

#: squared RGB distance on the [-1, 1] scale up to which a pixel may be the ball
COLOUR_LIMIT = 0.6
AREA_RATIO = 0.25  # of the true disc that must be seen
SPREAD_RADII = 1.5  # root mean square spread of the ball's pixels, in radii
BAD_SHARE = 4 / 45  # of frames in which the ball may be lost


@dataclass(frozen=True)
class Track:
    """What was seen of the ball in B clips of T frames."""

    cells: Tensor  # [B, T, 2] cell of the ball, valid where good
    good: Tensor  # [B, T] bool: one ball of about the right size
    centre_px: Tensor  # [B, T, 2]


@dataclass(frozen=True)
class Verdict:
    """Outcome for B clips; every field bool or int [B].

    success: every move legal, on the goal at the end, at most BAD_SHARE of the frames bad. exact: also the
    same cells as the level's own path.
    """

    success: Tensor
    exact: Tensor
    legal: Tensor
    reached_goal: Tensor
    started_right: Tensor
    bad_frames: Tensor
    moves: Tensor
    illegal_frame: Tensor  # first frame of an illegal move, -1: none
    illegal_cells: Tensor  # how far that move went, in cells along both axes together
    illegal_unseen: Tensor  # bad frames right before it
    last_seen: Tensor  # last good frame, -1: none
    frames: int

    def reason(self, index: int = 0) -> str:
        """One clause on clip `index`, for a sentence that begins with "the ball"."""
        moves = int(self.moves[index])
        if bool(self.success[index]):
            return f"reached the goal in {moves} moves, none through a wall"
        last_seen = int(self.last_seen[index])
        if last_seen < 0:
            return "was never seen"
        if not bool(self.started_right[index]):
            return "did not start where the maze says"
        if not bool(self.legal[index]):
            return self._illegal_move(index)
        if not bool(self.reached_goal[index]):
            if last_seen < self.frames - 1:
                return f"was last seen at frame {last_seen}, after {moves} moves and short of the goal"
            return f"did not reach the goal (stopped after {moves} moves)"
        return f"was lost in {int(self.bad_frames[index])} frames"

    def _illegal_move(self, index: int) -> str:
        """What was seen of the first illegal move; what happened in frames without a ball is not known."""
        frame, cells = int(self.illegal_frame[index]), int(self.illegal_cells[index])
        unseen = int(self.illegal_unseen[index])
        if not unseen:
            return (
                f"went through a wall at frame {frame}"
                if cells == 1
                else f"jumped {cells} cells at frame {frame}"
            )
        where = "behind a wall" if cells == 1 else f"{cells} cells away"
        return (
            f"was out of sight for {unseen} frame{'s' * (unseen > 1)} and came back {where} at frame {frame}"
        )


def follow(levels: Levels, clips: Tensor) -> Track:
    """Find the ball in each frame by colour.

    Args:
        levels: B levels; only their colours and cell sizes are used.
        clips: RGB in [0, 1], [B, T, P, P, 3].
    """
    # plane by plane: a sum over the three numbers of each pixel takes ten times as long
    planes = [plane * 2 - 1 for plane in clips.unbind(-1)]
    own, nearest = _distances(levels, planes, 3), _distances(levels, planes, 0)
    for other in (1, 2, 4):
        nearest = torch.minimum(nearest, _distances(levels, planes, other))
    ball = (own < COLOUR_LIMIT) & (own < nearest)
    mass = ball.flatten(2).sum(-1).float()
    pixel = torch.arange(clips.shape[2], device=clips.device) + 0.5
    weight = mass.clamp_min(1)
    rows, columns = ball.sum(3).float(), ball.sum(2).float()
    centre = torch.stack([(rows * pixel).sum(-1) / weight, (columns * pixel).sum(-1) / weight], dim=-1)
    offsets = [(pixel - centre[..., i : i + 1]) ** 2 for i in (0, 1)]
    spread = (rows * offsets[0] + columns * offsets[1]).sum(-1)
    radius = (BALL_RADIUS * cell_px(levels.walls.size).float())[:, None]
    good = (mass >= AREA_RATIO * torch.pi * radius**2) & (spread / weight <= (SPREAD_RADII * radius) ** 2)
    size = levels.walls.size.view(-1, 1, 1)
    unit = (centre - origin_px(size)) / cell_px(size)
    cells = torch.minimum(unit.floor().long().clamp_min(0), size - 1)
    return Track(cells=cells, good=good, centre_px=centre)


def _distances(levels: Levels, planes: list[Tensor], colour: int) -> Tensor:
    """Squared distances of all pixels [B, T, P, P] to one of the levels' colours, on the [-1, 1] scale."""
    wanted = (levels.colours[:, colour] * 2 - 1)[:, :, None, None, None]
    red, green, blue = ((plane - wanted[:, channel]) ** 2 for channel, plane in enumerate(planes))
    return red + green + blue


def judge(levels: Levels, clips: Tensor) -> Verdict:
    """Did the ball solve the maze?

    Cells are taken from good frames only; repeats are dropped; each change must be to an adjacent cell with
    no wall between, so a jump hidden in bad frames counts as illegal.

    Args:
        levels: B levels.
        clips: RGB in [0, 1], float, [B, T, P, P, 3].
    """
    track = follow(levels, clips)
    batch = torch.arange(len(levels), device=clips.device)
    moves_open = levels.walls.open_moves()
    here = levels.path[:, 0].clone()
    seen = torch.zeros(len(levels), dtype=torch.bool, device=clips.device)
    started = torch.zeros_like(seen)
    legal = torch.ones_like(seen)
    exact = torch.ones_like(seen)
    count = torch.zeros_like(levels.moves)
    illegal_frame = torch.full_like(levels.moves, -1)
    illegal_cells, illegal_unseen = torch.zeros_like(count), torch.zeros_like(count)
    last_seen = torch.full_like(levels.moves, -1)
    for frame in range(track.cells.shape[1]):
        cell, good = track.cells[:, frame], track.good[:, frame]
        first = good & ~seen
        started = torch.where(first, (cell == levels.path[:, 0]).all(-1), started)
        seen = seen | good
        step = cell - here
        moved = good & (step != 0).any(-1)
        kind = torch.where(step[:, 0] == 0, (step[:, 1] < 0).long(), 2 + (step[:, 0] < 0).long())
        fine = (step.abs().sum(-1) == 1) & moves_open[batch, kind, here[:, 0], here[:, 1]]
        wrong = moved & ~fine
        first_wrong = wrong & (illegal_frame < 0)
        illegal_frame = torch.where(first_wrong, frame, illegal_frame)
        illegal_cells = torch.where(first_wrong, step.abs().sum(-1), illegal_cells)
        illegal_unseen = torch.where(first_wrong, frame - 1 - last_seen, illegal_unseen)
        last_seen = torch.where(good, frame, last_seen)
        legal = legal & ~wrong
        count = count + moved.long()
        wanted = levels.path[batch, count.clamp_max(levels.path.shape[1] - 1)]
        exact = exact & (~moved | (cell == wanted).all(-1))
        here = torch.where(good[:, None], cell, here)
    reached = (here == levels.path[:, -1]).all(-1) & seen
    bad = (~track.good).sum(1)
    enough = bad <= int(BAD_SHARE * track.good.shape[1])
    success = legal & reached & started & enough
    return Verdict(
        success=success,
        exact=success & exact & (count == levels.moves),
        legal=legal,
        reached_goal=reached,
        started_right=started,
        bad_frames=bad,
        moves=count,
        illegal_frame=illegal_frame,
        illegal_cells=illegal_cells,
        illegal_unseen=illegal_unseen,
        last_seen=last_seen,
        frames=track.good.shape[1],
    )
